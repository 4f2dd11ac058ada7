"""What a person's keys lead to: views, the way back, the menu, and what is fetched for what is on the screen."""

import dataclasses
from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta

import anyio
import pytest

from hdmi_out.compositor.canvas import Canvas
from hdmi_out.layout.rect import Rect
from hdmi_out.layout.screen import plan_screen
from hdmi_out.live import Source
from hdmi_out.monitor import make_screen
from hdmi_out.osd.overlay import Painter
from hdmi_out.osd.palette import WHITE
from hdmi_out.osd.typeface import Typeface, open_typeface
from hdmi_out.osd.words import words_of
from hdmi_out.site_state import Camera
from hdmi_out.views.camera import CameraView
from hdmi_out.views.choices import Choices
from hdmi_out.views.keys import Command, Key, Pointer
from hdmi_out.views.menu import Menu
from hdmi_out.views.screen import VISITS_MAX, Screen
from hdmi_out.views.tour import TourView
from hdmi_out.views.view import Answer, Moment, Move, Panel, Place, Say
from hdmi_out.views.wall import FOCUS_SECONDS, WallView
from tests.unit.hdmi.moments import NOW, camera, live, made_stage, moment, silent

FOUR = tuple(camera(name) for name in ("a", "b", "c", "d"))
MANY = tuple(camera(f"cam{number}") for number in range(20))
ARROWS = (Key.UP, Key.DOWN, Key.LEFT, Key.RIGHT, Key.OK, Key.BACK)


@pytest.fixture(scope="module")
def face() -> Typeface:
    return open_typeface()


@pytest.fixture
def canvas() -> Canvas:
    return Canvas(640, 360)


@pytest.fixture
def wall(face: Typeface, canvas: Canvas) -> WallView:
    return WallView(made_stage(canvas, face), Choices())


@pytest.fixture
def choices() -> Choices:
    return Choices()


@pytest.fixture
def screen(face: Typeface, canvas: Canvas, choices: Choices) -> Screen:
    return make_screen(canvas, choices, face)


def pressed(view: WallView | CameraView | TourView, at: Moment, *keys: Command) -> Answer:
    """The answer to the last of these keys."""
    answer: Answer = Move.STAY
    for key in keys:
        answer = view.act(key, at)
    return answer


def test_arrows_choose_a_tile_and_ok_shows_its_camera(wall: WallView) -> None:
    at = moment(*FOUR)
    assert pressed(wall, at, Key.RIGHT) is Move.STAY, "the first arrow only shows where we are"
    assert pressed(wall, at, Key.OK) == Place(view="camera", camera="a")
    assert pressed(wall, at, Key.RIGHT, Key.DOWN, Key.OK) == Place(view="camera", camera="d")
    assert pressed(wall, at, Key.DOWN, Key.UP, Key.LEFT, Key.OK) == Place(view="camera", camera="a")


def test_the_frame_is_around_the_chosen_tile_and_goes_after_a_while(wall: WallView, canvas: Canvas) -> None:
    at, later = moment(*FOUR), moment(*FOUR, seconds=FOCUS_SECONDS + 1)
    area = wall.wanted(at)[Source("a", "sub")]
    wall.compose(at, whole=True)
    before = canvas.planes[0].copy()
    wall.act(Key.RIGHT, at)
    wall.compose(at, whole=False)
    assert (canvas.planes[0][area.y - 2, area.x : area.right] != before[area.y - 2, area.x : area.right]).all()
    assert (
        canvas.planes[0][area.y : area.bottom, area.x : area.right] == before[area.y : area.bottom, area.x : area.right]
    ).all()
    wall.compose(later, whole=False)
    assert (canvas.planes[0] == before).all()


def test_beyond_the_edge_there_is_the_next_page_and_only_its_cameras_are_wanted(wall: WallView) -> None:
    at = moment(*MANY)
    assert {source.camera for source in wall.wanted(at)} == {one.id for one in MANY[:16]}
    turned = pressed(wall, at, *[Key.RIGHT] * 5)
    assert turned == Say("ページ 2/2")
    assert {source.camera for source in wall.wanted(at)} == {one.id for one in MANY[16:]}
    assert wall.caption(at) == "ページ 2/2　OK: 1台表示　戻る: メニュー"
    assert wall.caption(moment(*MANY, seconds=60)) == "ページ 2/2"
    assert pressed(wall, at, Key.LEFT) == Say("ページ 1/2")
    assert pressed(wall, at, Key.NEXT, Key.NEXT) == Say("ページ 1/2")


@pytest.mark.parametrize(("side", "wanted"), [(None, 16), (1, 1), (2, 4), (3, 9), (4, 16)])
def test_the_grid_can_be_chosen(face: Typeface, canvas: Canvas, side: int | None, wanted: int) -> None:
    wall = WallView(made_stage(canvas, face), Choices(side=side))
    assert len(wall.wanted(moment(*MANY))) == wanted


def test_a_page_that_has_gone_with_its_cameras_is_left(wall: WallView) -> None:
    pressed(wall, moment(*MANY), Key.NEXT)
    assert len(wall.wanted(moment(*FOUR))) == 4
    assert wall.wanted(moment()) == {}
    assert pressed(wall, moment(), *ARROWS[:5]) is Move.STAY


def test_pressing_a_tile_opens_its_camera_and_pressing_beside_does_nothing(wall: WallView) -> None:
    at = moment(*FOUR)
    area = wall.wanted(at)[Source("c", "sub")]
    assert pressed(wall, at, Pointer(area.x + 3, area.y + 3)) is Move.STAY
    assert pressed(wall, at, Pointer(area.x + 3, area.y + 3, pressed=True)) == Place(view="camera", camera="c")
    assert pressed(wall, at, Pointer(0, 0, pressed=True)) is Move.STAY


A_MAIN, A_SUB = Source("a", "main"), Source("a", "sub")


@pytest.fixture
def alone(face: Typeface, canvas: Canvas) -> CameraView:
    return CameraView(made_stage(canvas, face), "a")


def box(view: CameraView) -> Rect:
    return view.wanted(moment(*FOUR))[A_MAIN]


def test_a_single_camera_shows_its_main_stream_and_fetches_no_other_then(alone: CameraView) -> None:
    area = box(alone)
    assert set(alone.wanted(moment(*FOUR))) == {A_MAIN, A_SUB}, "until main has a picture"
    at = moment(*FOUR, live={A_MAIN: live(area, 150), A_SUB: live(area, 50)})
    assert alone.wanted(at).keys() == {A_MAIN}
    assert set(alone.compose(at, whole=True)) == {A_MAIN}


def test_without_a_main_picture_the_sub_stream_is_shown_and_said(alone: CameraView, canvas: Canvas) -> None:
    area = box(alone)
    first = moment(*FOUR, live={A_MAIN: silent(None, opened_seconds=0.2), A_SUB: live(area, 90)})
    assert set(alone.compose(first, whole=True)) == {A_SUB}
    quiet = canvas.planes[0].copy()
    later = moment(*FOUR, live={A_MAIN: silent(None), A_SUB: live(area, 90)})
    assert set(alone.compose(later, whole=False)) == {A_SUB}
    changed = (canvas.planes[0] != quiet)[area.y : area.y + area.height // 8]
    assert changed.any(), "the label says that it is the sub stream"
    lost = moment(*FOUR, live={A_MAIN: silent(3.0), A_SUB: silent(3.0)})
    assert set(alone.compose(lost, whole=False)) == set()
    middle = canvas.planes[0][area.y + area.height // 4 * 3, area.x : area.right]
    assert middle.max() < 60, "no stale picture"


def test_left_and_right_go_around_the_cameras_and_a_vanished_one_is_said(alone: CameraView, canvas: Canvas) -> None:
    at = moment(*FOUR)
    assert alone.act(Key.RIGHT, at) == Place(view="camera", camera="b")
    assert alone.act(Key.LEFT, at) == Place(view="camera", camera="d")
    area = box(alone)
    gone = moment(*FOUR[1:], live={A_MAIN: live(area, 200)})
    assert alone.wanted(gone) == {}
    alone.compose(moment(*FOUR, live={A_MAIN: live(area, 200)}), whole=True)
    assert set(alone.compose(gone, whole=False)) == set()
    assert canvas.planes[0][area.bottom - 4, area.x : area.right].max() < 60
    assert alone.act(Key.RIGHT, gone) == Place(view="camera", camera="b")
    assert alone.act(Key.RIGHT, moment()) is Move.STAY


def test_a_tour_goes_through_the_cameras_where_one_page_holds_them(face: Typeface, canvas: Canvas) -> None:
    tour = TourView(made_stage(canvas, face), Choices(tour_seconds=10))
    seen = []
    for second in range(0, 50, 5):
        at = moment(*FOUR, seconds=second)
        tour.compose(at, whole=second == 0)
        seen.append(tour.act(Key.OK, at))
    cameras = [place.camera for place in seen if isinstance(place, Place)]
    assert cameras == ["a", "a", "b", "b", "c", "c", "d", "d", "a", "a"]


def test_a_tour_goes_through_the_pages_and_opens_the_next_one_just_ahead(face: Typeface, canvas: Canvas) -> None:
    tour = TourView(made_stage(canvas, face), Choices(tour_seconds=10))
    assert {source.camera for source in tour.wanted(moment(*MANY))} == {one.id for one in MANY[:16]}
    assert len(tour.wanted(moment(*MANY, seconds=9.5))) == 20
    tour.compose(moment(*MANY, seconds=10), whole=False)
    assert {source.camera for source in tour.wanted(moment(*MANY, seconds=11))} == {one.id for one in MANY[16:]}
    assert tour.act(Key.OK, moment(*MANY, seconds=11)) == Place(view="wall", page=1)


def test_a_paused_tour_stays_and_the_arrows_move_it(face: Typeface, canvas: Canvas) -> None:
    tour = TourView(made_stage(canvas, face), Choices(tour_seconds=10))
    assert tour.act(Key.PLAY, moment(*FOUR)) == Say(words_of("ja").tour_paused)
    tour.compose(moment(*FOUR, seconds=100), whole=False)
    assert tour.act(Key.OK, moment(*FOUR, seconds=100)) == Place(view="camera", camera="a")
    tour.act(Key.RIGHT, moment(*FOUR, seconds=100))
    assert tour.act(Key.OK, moment(*FOUR, seconds=100)) == Place(view="camera", camera="b")
    assert tour.act(Key.OK, moment(FOUR[0], seconds=101)) == Place(view="wall"), "the others have gone"


def test_the_way_back_leads_home_and_from_there_to_the_menu(screen: Screen, canvas: Canvas) -> None:
    at = moment(*FOUR)
    for key in (Key.RIGHT, Key.OK):
        screen.act(key, at)
    assert screen.place == Place(view="camera", camera="a")
    screen.act(Key.RIGHT, at)
    screen.act(Key.TOUR, at)
    assert screen.place.view == "tour"
    screen.act(Key.BACK, at)
    assert screen.place == Place(view="camera", camera="b"), "camera b took the place of camera a"
    screen.act(Key.BACK, at)
    assert screen.place == Place(view="wall")
    screen.compose(at)
    before = canvas.planes[0].copy()
    screen.act(Key.BACK, at)
    screen.compose(at)
    assert (canvas.planes[0] != before).mean() > 0.2, "the menu is open"


def reachable(screen: Screen, at: Moment, words: Sequence[Key]) -> set[str]:
    """The views that the menu leads to, with these keys alone."""
    found = set()
    for rows in range(12):
        for key in (Key.BACK, *[Key.DOWN] * rows, Key.OK):
            assert key in words
            screen.act(key, at)
        found.add(screen.place.view)
        for _ in range(3):
            if screen.place.view != "wall":
                screen.act(Key.BACK, at)
        screen.compose(moment(*FOUR, seconds=1000.0 * (rows + 1)))  # an open menu closes by itself
        at = moment(*FOUR, seconds=1000.0 * (rows + 1))
    return found


def test_four_arrows_ok_and_back_reach_every_view(screen: Screen) -> None:
    assert reachable(screen, moment(*FOUR), ARROWS) >= set(screen.place_names) - {"camera"}


def test_the_menu_changes_language_and_grid_on_the_spot(screen: Screen, choices: Choices) -> None:
    at = moment(*FOUR)
    screen.act(Key.MENU, at)
    for _ in range(12):
        screen.act(Key.DOWN, at)
        screen.act(Key.RIGHT, at)
    assert choices.language == "en"
    assert choices.side is not None
    screen.act(Key.LEFT, at)
    assert screen.place == Place(view="wall")


def test_the_menu_gives_way_when_a_program_goes_elsewhere(face: Typeface, canvas: Canvas) -> None:
    here = [Place(view="wall")]
    menu = Menu(made_stage(canvas, face), Choices(), lambda: here[0], lambda: ("wall", "licence"))
    menu.act(Key.MENU, moment(*FOUR))
    assert menu.panels(moment(*FOUR))
    here[0] = Place(view="licence")
    assert not menu.panels(moment(*FOUR))
    assert menu.act(Key.DOWN, moment(*FOUR)) is None


def test_the_menu_of_a_single_camera_begins_at_its_playback(face: Typeface, canvas: Canvas) -> None:
    here = Place(view="camera", camera="b")
    menu = Menu(made_stage(canvas, face), Choices(), lambda: here, lambda: ("wall", "tour", "playback", "events"))
    assert menu.act(Key.MENU, moment(*FOUR)) is Move.STAY
    assert menu.act(Key.OK, moment(*FOUR)) == Place(view="playback", camera="b")
    assert menu.act(Key.OK, moment(*FOUR)) is None, "it has closed"


def test_an_unknown_view_is_refused_with_the_names_of_those_there_are(screen: Screen) -> None:
    with pytest.raises(ValueError, match=r"no view 'tetris'; there are: .*wall"):
        screen.show(Place(view="tetris"))
    assert screen.place.view == "wall"


class Broken:
    """A view with a mistake in it."""

    def __init__(self, where: str) -> None:
        self._where = where

    def wanted(self, moment: Moment) -> Mapping[Source, Rect]:
        return {}

    def compose(self, moment: Moment, *, whole: bool) -> Collection[Source]:
        if self._where == "compose":
            raise RuntimeError("a mistake")
        return ()

    def act(self, command: Command, moment: Moment) -> Answer:
        raise RuntimeError("a mistake")

    def caption(self, moment: Moment) -> str:
        return ""

    async def run(self) -> None:
        return


class Plate:
    """A layer with one plate, where the test wants it."""

    def __init__(self) -> None:
        self.panel: Panel | None = None

    def panels(self, moment: Moment) -> Sequence[Panel]:
        return [self.panel] if self.panel else []

    def act(self, command: Command, moment: Moment) -> Answer | None:
        return None


def plate(x: int, y: int) -> Panel:
    return Panel(x, y, Painter(40, 20, WHITE).finish())


def made(face: Typeface, canvas: Canvas, plate: Plate, broken: str = "act") -> Screen:
    stage, layout = made_stage(canvas, face), plan_screen(canvas.width, canvas.height)
    places = {"wall": lambda place: WallView(stage, Choices()), "broken": lambda place: Broken(broken)}
    return Screen(stage, layout, places, [plate], home=Place(view="wall"))


@pytest.mark.parametrize("where", ["compose", "act"])
def test_a_view_that_fails_is_left_and_the_wall_goes_on(face: Typeface, canvas: Canvas, where: str) -> None:
    screen = made(face, canvas, Plate(), where)
    screen.show(Place(view="broken"))
    screen.compose(moment(*FOUR))
    screen.act(Key.OK, moment(*FOUR))
    assert screen.place.view == "wall"
    assert canvas.changed is not None
    screen.compose(moment(*FOUR))


def test_a_plate_stays_above_moving_pictures_and_what_was_below_comes_back(face: Typeface, canvas: Canvas) -> None:
    layer, cameras = Plate(), FOUR
    screen = made(face, canvas, layer)
    area = screen.wanted(moment(*cameras))[A_SUB]
    under = (slice(area.y + 30, area.y + 50), slice(area.x + 30, area.x + 70))

    def frame(luma: int | None) -> None:
        screen.compose(moment(*cameras, live={A_SUB: live(None if luma is None else area, luma or 0)}))

    frame(100)
    layer.panel = plate(area.x + 30, area.y + 30)
    for luma in (101, None, 103):
        frame(luma)
        assert (canvas.planes[0][under] == WHITE.y).all()
    frame(None)
    assert not any(area.overlaps(layer.panel.area) for area in canvas.changed), "nothing moved: nothing is painted"
    layer.panel = None
    frame(None)
    assert (canvas.planes[0][under] == 103).all()


def test_a_layer_that_fails_is_taken_away_and_the_view_goes_on(face: Typeface, canvas: Canvas) -> None:
    layer = Plate()
    screen = made(face, canvas, layer)
    layer.panel = plate(100, 100)
    screen.compose(moment(*FOUR))
    layer.panels = None  # type: ignore[assignment, method-assign]
    screen.compose(moment(*FOUR))
    layer.panels = Plate().panels  # type: ignore[method-assign]
    area = screen.wanted(moment(*FOUR))[A_SUB]
    assert screen.compose(moment(*FOUR, live={A_SUB: live(area, 100)}))
    assert canvas.planes[0][110, 110] == 100


def test_going_on_for_ever_keeps_the_way_home(face: Typeface, canvas: Canvas) -> None:
    screen = made(face, canvas, Plate())
    for _ in range(3 * VISITS_MAX):
        screen.show(Place(view="broken"))
        screen.show(Place(view="wall", page=1))
    for _ in range(VISITS_MAX):
        screen.act(Key.HOME, moment(*FOUR))
    assert screen.place == Place(view="wall")


async def test_the_work_of_a_view_runs_while_it_is_shown(face: Typeface, canvas: Canvas) -> None:
    told: list[str] = []

    class Working(Broken):
        async def run(self) -> None:
            told.append("begun")
            try:
                await anyio.sleep_forever()
            finally:
                told.append("ended")

    stage, layout = made_stage(canvas, face), plan_screen(canvas.width, canvas.height)
    places = {"wall": lambda place: WallView(stage, Choices()), "working": lambda place: Working("act")}
    screen = Screen(stage, layout, places, [], home=Place(view="wall"))
    async with anyio.create_task_group() as group:
        group.start_soon(screen.run)
        for step, wanted in ((Place(view="working"), ["begun"]), (Place(view="wall", page=1), ["begun", "ended"])):
            screen.show(step)
            await anyio.wait_all_tasks_blocked()
            assert told == wanted
        group.cancel_scope.cancel()


def test_every_word_is_there_in_both_languages_and_with_the_same_places_to_fill() -> None:
    ja, en = words_of("ja"), words_of("en")
    for name in ja.__dataclass_fields__:
        one, other = getattr(ja, name), getattr(en, name)
        assert type(one) is type(other), name
        if isinstance(one, dict):
            assert set(one) == set(other), name
        elif isinstance(one, str):
            assert bool(one) == bool(other), name


def test_names_of_cameras_stand_with_their_state(wall: WallView, canvas: Canvas) -> None:
    one: Camera = camera("a")
    wall.compose(moment(one), whole=True)
    area = wall.wanted(moment(one))[A_SUB]
    label = canvas.planes[2][area.y // 2 : (area.y + 30) // 2, area.x // 2 : area.right // 2]
    assert label.max() > 160, "the red mark of REC"


def test_a_recorder_whose_clock_is_wrong_is_shown_by_its_own_time(screen: Screen, canvas: Canvas) -> None:
    def asking(since_seconds: float, *, lost_seconds: float | None = None) -> Moment:
        at = moment(*FOUR)
        assert at.state is not None
        behind = NOW - timedelta(days=40)
        device = dataclasses.replace(at.state.device, identify_until=behind + timedelta(seconds=30))
        state = dataclasses.replace(at.state, device=device, now=behind + timedelta(seconds=since_seconds))
        return dataclasses.replace(at, now=NOW, state=state, lost_seconds=lost_seconds)

    def named(at: Moment) -> bool:
        screen.compose(at)
        return bool((canvas.planes[0][:200] == WHITE.y).mean() > 0.02)

    assert named(asking(1))
    assert not named(asking(31)), "its time is over"
    assert not named(asking(1, lost_seconds=5.0)), "what it said last says nothing of now"


def test_a_recorder_that_wants_to_be_found_shows_its_name_until_then_or_until_a_key(
    screen: Screen, canvas: Canvas
) -> None:
    def asking(seconds: float) -> Moment:
        at = moment(*FOUR, seconds=seconds)
        assert at.state is not None
        device = dataclasses.replace(at.state.device, identify_until=NOW + timedelta(seconds=30))
        return dataclasses.replace(
            at, now=NOW + timedelta(seconds=seconds), state=dataclasses.replace(at.state, device=device)
        )

    def named(at: Moment) -> bool:
        screen.compose(at)
        return bool((canvas.planes[0][:200] == WHITE.y).mean() > 0.02)

    assert not named(moment(*FOUR))
    assert named(asking(1))
    assert not named(asking(31)), "its time is over"
    assert named(asking(2))
    screen.act(Key.OK, asking(3))
    assert not named(asking(4)), "somebody has seen it"
    assert screen.place == Place(view="wall")
    screen.act(Key.IDENTIFY, moment(*FOUR, seconds=40))
    assert named(moment(*FOUR, seconds=41))
    assert not named(moment(*FOUR, seconds=60))
