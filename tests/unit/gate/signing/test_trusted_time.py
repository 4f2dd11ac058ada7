"""When a device believes its clock, attack by attack; and that whoever sets a clock honestly is never denied."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gate.licence.clock_evidence import ClockDoubt, ClockEvidence, ClockSource
from gate.signing.trust import Refusal
from gate.signing.trusted_time import (
    ANSWER_SECONDS_MAX,
    CORRECTION,
    OFFLINE_MAX,
    Question,
    Reading,
    SignedTime,
    TimeTrust,
    evidence,
    in_boot,
    with_issue,
    with_signed_time,
    with_wall,
)
from tests.fakes.entitlements import NEW_YEAR

NONCE = b"n" * 32
DAY = timedelta(days=1)
YEAR_2099 = datetime.fromisoformat("2099-06-01T00:00:00+00:00")


class Device:
    """A machine with a wall clock that anybody may set, and what its recorder remembers."""

    def __init__(self) -> None:
        self.true = NEW_YEAR
        self.wall_error = timedelta(0)
        self.booted = NEW_YEAR - timedelta(hours=1)
        self.boots = 1
        self.trust = in_boot(None, "boot 1")
        self.look()

    @property
    def reading(self) -> Reading:
        return Reading(boot_id=f"boot {self.boots}", boottime=self.true - self.booted, wall=self.true + self.wall_error)

    def look(self) -> ClockEvidence:
        self.trust = with_wall(self.trust, self.reading)
        return evidence(self.trust, self.reading)

    def live(self, time: timedelta) -> None:
        self.true += time
        self.look()

    def set_wall(self, wall: datetime) -> None:
        self.wall_error = wall - self.true

    def reboot(self, *, off: timedelta = timedelta(minutes=1)) -> None:
        self.true += off
        self.booted, self.boots = self.true, self.boots + 1
        self.trust = in_boot(self.trust, f"boot {self.boots}")

    def hear(
        self, time: datetime | None = None, nonce: bytes = NONCE, delay: float = 0.1, back: float = 0.0
    ) -> Refusal | None:
        """Asks the service for the time; it reads `time` after `delay` seconds, and is heard `back` seconds later."""
        question = Question(nonce=NONCE, boottime=self.reading.boottime)
        self.true += timedelta(seconds=delay)
        answer = SignedTime(time=time or self.true, nonce=nonce)
        self.true += timedelta(seconds=back)
        heard = with_signed_time(self.trust, answer, question, self.reading)
        if isinstance(heard, Refusal):
            return heard
        self.trust = heard
        return None

    @property
    def doubt(self) -> ClockDoubt | None:
        return self.look().doubt


@pytest.fixture
def device() -> Device:
    return Device()


class TestThreats:
    def test_clock_set_back(self, device: Device) -> None:
        device.live(400 * DAY)
        device.set_wall(device.true - 399 * DAY)
        assert device.doubt is ClockDoubt.SET_BACK
        device.live(DAY)
        assert device.doubt is ClockDoubt.SET_BACK, "waiting does not help"
        device.set_wall(device.true)
        assert device.doubt is None

    def test_clock_set_back_in_many_small_steps(self, device: Device) -> None:
        for _ in range(100):
            device.set_wall(device.reading.wall - timedelta(minutes=1))
            device.look()
        assert device.doubt is ClockDoubt.SET_BACK

    def test_clock_set_back_while_the_recorder_was_stopped(self, device: Device) -> None:
        device.live(DAY)
        device.set_wall(device.true - DAY)
        device.trust = in_boot(device.trust, "boot 1")
        assert device.doubt is ClockDoubt.SET_BACK

    def test_clock_set_back_across_a_reboot(self, device: Device) -> None:
        device.hear()
        device.live(20 * DAY)
        device.hear()
        device.set_wall(device.true - 10 * DAY)
        device.reboot()
        found = device.look()
        assert found.doubt is ClockDoubt.BEHIND
        assert found.trusted_from == found.floor, "it ends by itself when the clock gets there"

    def test_clock_set_back_across_a_reboot_in_file_mode_is_not_seen_and_the_status_says_so(
        self, device: Device
    ) -> None:
        device.live(20 * DAY)
        device.set_wall(device.true - 10 * DAY)
        device.reboot()
        found = device.look()
        assert found.doubt is None and found.floor is None
        assert "until the machine restarts, not beyond" in found.text.en and "再起動するまで" in found.text.ja

    def test_clock_set_far_ahead_does_not_poison_the_floor(self, device: Device) -> None:
        device.hear()
        floor = device.trust.floor
        device.set_wall(YEAR_2099)
        device.live(DAY)
        device.reboot()
        assert device.doubt is ClockDoubt.AHEAD
        device.live(DAY)
        assert device.trust.floor == floor and device.trust.anchor is None
        device.set_wall(device.true)
        assert device.doubt is None, "setting it right is enough"

    def test_clock_set_far_ahead_in_file_mode_does_not_outlive_a_reboot(self, device: Device) -> None:
        device.set_wall(YEAR_2099)
        device.look()
        device.set_wall(device.true)
        assert device.doubt is ClockDoubt.SET_BACK
        device.reboot()
        assert device.doubt is None

    def test_clock_set_far_ahead_is_healed_by_a_signed_time(self, device: Device) -> None:
        device.hear()
        device.set_wall(YEAR_2099)
        device.reboot()
        assert device.doubt is ClockDoubt.AHEAD
        assert device.hear() is None
        found = device.look()
        assert (found.doubt, found.source) == (None, ClockSource.SIGNED)
        assert abs(found.now - device.true) < timedelta(seconds=1)

    def test_after_a_signed_time_the_wall_clock_moves_nothing(self, device: Device) -> None:
        device.hear()
        for wall in (YEAR_2099, NEW_YEAR - 300 * DAY):
            device.set_wall(wall)
            device.live(DAY)
            assert abs(device.look().now - device.true) < timedelta(seconds=1)

    def test_suspend_counts_as_time(self, device: Device) -> None:
        device.hear()
        device.true += 90 * DAY  # nobody looks: the machine sleeps, boot time goes on
        assert abs(device.look().now - device.true) < timedelta(seconds=1)

    def test_a_signed_time_for_another_question(self, device: Device) -> None:
        before = device.trust
        refused = device.hear(nonce=b"m" * 32)
        assert refused is not None and refused.code == "NONCE_FOREIGN" and refused.problem.ja
        assert device.trust == before

    def test_an_answer_held_back_to_slow_the_clock(self, device: Device) -> None:
        asked = device.true
        refused = device.hear(time=asked, delay=ANSWER_SECONDS_MAX + 1)
        assert refused is not None and refused.code == "ANSWER_LATE"

    def test_an_answer_from_before_the_reboot(self, device: Device) -> None:
        question = Question(nonce=NONCE, boottime=device.reading.boottime)
        answer = SignedTime(time=device.true, nonce=NONCE)
        device.reboot()
        refused = with_signed_time(device.trust, answer, question, device.reading)
        assert isinstance(refused, Refusal) and refused.code == "ANSWER_LATE"

    def test_a_service_that_goes_back_in_time(self, device: Device) -> None:
        device.hear()
        refused = device.hear(time=device.true - DAY)
        assert refused is not None and refused.code == "TIME_REPLAYED"

    def test_offline_for_longer_than_allowed(self, device: Device) -> None:
        device.hear()
        device.live(OFFLINE_MAX + DAY)
        assert device.doubt is None, "while it runs, boot time tells"
        device.reboot()
        assert device.doubt is ClockDoubt.AHEAD
        device.hear()
        assert device.doubt is None

    def test_the_window_after_a_reboot_is_closed_at_both_ends(self, device: Device) -> None:
        device.hear()
        device.reboot()
        floor = device.trust.floor
        assert floor is not None
        for wall, doubt in [
            (floor, None),
            (floor + OFFLINE_MAX, None),
            (floor - timedelta(microseconds=1), ClockDoubt.BEHIND),
            (floor + OFFLINE_MAX + timedelta(microseconds=1), ClockDoubt.AHEAD),
        ]:
            assert evidence(device.trust, replace(device.reading, wall=wall)).doubt is doubt, wall

    def test_a_new_entitlement_ends_the_doubt_of_a_clock_that_was_ahead(self, device: Device) -> None:
        device.set_wall(YEAR_2099)
        device.look()
        device.set_wall(device.true)
        device.trust = with_issue(device.trust, device.true - timedelta(seconds=5), device.reading)
        assert device.doubt is None

    def test_a_new_entitlement_helps_nobody_whose_clock_is_behind_its_issue(self, device: Device) -> None:
        device.live(400 * DAY)
        device.set_wall(device.true - 399 * DAY)
        device.look()
        device.trust = with_issue(device.trust, device.true, device.reading)
        assert device.doubt is ClockDoubt.SET_BACK


class TestNobodyIsDeniedFalsely:
    def test_by_time_that_flows(self, device: Device) -> None:
        for _ in range(400):
            device.live(DAY)
            assert device.doubt is None

    def test_by_an_honest_correction(self, device: Device) -> None:
        device.set_wall(device.true + CORRECTION)
        device.look()
        device.set_wall(device.true)
        assert device.doubt is None

    def test_by_a_crystal_that_was_corrected_after_a_year(self, device: Device) -> None:
        device.live(365 * DAY)
        device.set_wall(device.true + timedelta(minutes=60))
        device.look()
        device.set_wall(device.true)
        assert device.doubt is None

    def test_by_a_clock_that_starts_in_1970_and_is_then_set(self) -> None:
        device = Device()
        device.reboot()
        device.set_wall(datetime.fromisoformat("1970-01-01T00:00:10+00:00"))
        device.look()
        device.set_wall(device.true)
        assert device.doubt is None

    def test_by_a_battery_clock_in_local_time_that_ntp_puts_right_after_the_boot(self, device: Device) -> None:
        device.reboot()
        device.set_wall(device.true + timedelta(hours=9))
        device.live(timedelta(seconds=20))
        device.set_wall(device.true)
        assert device.doubt is None
        device.live(DAY)
        assert device.doubt is None
        device.set_wall(device.true - timedelta(hours=9))
        assert device.doubt is ClockDoubt.SET_BACK, "later it is no correction any more"

    @given(
        steps=st.lists(st.timedeltas(timedelta(0), timedelta(days=4000)), max_size=20),
        restarts=st.sets(st.integers(0, 19)),
    )
    def test_by_a_shared_clock_that_is_stepped(self, steps: list[timedelta], restarts: set[int]) -> None:
        """Its steps move wall and boot time together, also while the recorder is restarted."""
        trust, wall, boottime = in_boot(None, "boot"), NEW_YEAR, timedelta(hours=1)
        for number, step in enumerate([timedelta(0), *steps]):
            if wall.year > 8000:
                return
            wall, boottime = wall + step, boottime + step
            if number in restarts:
                trust = in_boot(trust, "boot")
            reading = Reading(boot_id="boot", boottime=boottime, wall=wall)
            trust = with_wall(trust, reading)
            assert evidence(trust, reading).doubt is None

    @given(ways=st.lists(st.tuples(st.floats(0, 14), st.floats(0, 14)), min_size=1, max_size=8))
    def test_by_slow_answers_when_a_clock_that_was_right_is_set_wrong(self, ways: list[tuple[float, float]]) -> None:
        """What was issued a moment ago stays issued, and an end is where it was."""
        device = Device()
        for there, back in ways:
            device.hear(delay=there, back=back)
        for wall in (YEAR_2099, NEW_YEAR - 40 * DAY):
            device.set_wall(wall)
            for there, back in [(0.0, 0.0), *ways]:
                assert device.look().now == device.true
                device.hear(delay=there, back=back)

    @given(
        errors=st.lists(
            st.tuples(st.timedeltas(-9000 * DAY, 9000 * DAY), st.floats(0, 14), st.floats(0, 14)), min_size=1
        )
    )
    def test_by_a_time_that_no_answer_allows(self, errors: list[tuple[timedelta, float, float]]) -> None:
        """Whatever the wall clock said before: an answer leaves no greater error than it took."""
        device = Device()
        for error, there, back in errors:
            device.wall_error = error
            device.look()
            device.hear(delay=there, back=back)
            device.set_wall(YEAR_2099)
            assert -timedelta(seconds=back) <= device.look().now - device.true <= timedelta(seconds=there)

    def test_the_floor_never_falls(self, device: Device) -> None:
        floors = []
        for _ in range(10):
            device.hear()
            device.set_wall(YEAR_2099 if len(floors) % 2 else NEW_YEAR - DAY)
            device.live(DAY)
            device.reboot()
            floors.append(device.trust.floor or NEW_YEAR)
        assert floors == sorted(floors) and floors[-1] <= device.true


def test_a_new_machine_knows_nothing() -> None:
    assert in_boot(None, "x") == TimeTrust(boot_id="x")
