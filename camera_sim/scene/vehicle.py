"""Cars: a body lofted over cross-sections, shaded face by face; wheels that turn."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from camera_sim.scene.canvas import lit, rgb
from camera_sim.scene.shapes import Colour, Shapes, hull
from camera_sim.scene.view import SUN, Floats, View

WHEEL_RADIUS = 0.31
_SKY = rgb("cfe3f2")
_GLASS = rgb("26333d")
_HEAD, _TAIL, _BEAM = rgb("fff3d6"), rgb("e2252a"), rgb("57503c")
_TYRE, _RIM, _ARCH = rgb("1d1e20"), rgb("b9bdc2"), rgb("131416")
_BODY_MATERIAL, _GLASS_MATERIAL, _TRIM_MATERIAL = 0, 1, 2
_STATIONS = 30
ToPixels = Callable[[Floats], Floats]
"""Car coordinates (ahead, left, up; metres) to pixels."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """A body style, all lengths in metres. `belt` and `roof`: (ahead, height) corners of the side view, rear to
    front; glass lies between them, `pillars` (ahead) excepted."""

    length: float
    width: float
    belt: tuple[tuple[float, float], ...]
    roof: tuple[tuple[float, float], ...]
    pillars: tuple[float, ...]
    axles: tuple[float, float]


HATCHBACK = Build(
    length=3.95,
    width=1.70,
    belt=((-1.98, 0.62), (-1.94, 0.95), (-1.7, 1.0), (0.9, 0.96), (1.5, 0.88), (1.86, 0.74), (1.98, 0.5)),
    roof=((-1.84, 1.0), (-1.45, 1.42), (-0.9, 1.50), (0.0, 1.50), (0.35, 1.42), (1.05, 0.96)),
    pillars=(-1.30, -0.22, 0.40),
    axles=(-1.22, 1.28),
)
SEDAN = Build(
    length=4.65,
    width=1.78,
    belt=(
        (-2.32, 0.6),
        (-2.28, 0.92),
        (-1.75, 0.98),
        (-1.2, 0.96),
        (0.8, 0.94),
        (1.7, 0.84),
        (2.15, 0.7),
        (2.32, 0.48),
    ),
    roof=((-1.72, 0.98), (-1.05, 1.36), (-0.6, 1.43), (0.1, 1.43), (0.4, 1.36), (1.1, 0.94)),
    pillars=(-1.0, -0.18, 0.45),
    axles=(-1.38, 1.42),
)
KEI_VAN = Build(
    length=3.40,
    width=1.48,
    belt=((-1.70, 0.5), (-1.69, 1.0), (-1.4, 1.06), (0.9, 1.02), (1.3, 0.95), (1.6, 0.8), (1.70, 0.5)),
    roof=((-1.67, 1.06), (-1.58, 1.66), (-1.2, 1.76), (0.1, 1.76), (0.45, 1.68), (1.12, 1.0)),
    pillars=(-1.45, -0.75, 0.0, 0.55),
    axles=(-1.15, 1.15),
)
MINIVAN = Build(
    length=4.70,
    width=1.74,
    belt=((-2.35, 0.55), (-2.33, 1.0), (-2.0, 1.06), (1.1, 1.02), (1.8, 0.92), (2.2, 0.78), (2.35, 0.5)),
    roof=((-2.30, 1.06), (-2.1, 1.66), (-1.6, 1.80), (0.3, 1.80), (0.75, 1.68), (1.6, 0.98)),
    pillars=(-1.9, -0.95, 0.15, 0.85),
    axles=(-1.42, 1.48),
)


def car(view: View, build: Build, paint: Colour, x: float, y: float, heading: float, driven: float = 0.0) -> Shapes:
    """A car at (x, y) that has driven so many metres; `heading` in radians from the x axis."""
    cosine, sine = np.cos(heading), np.sin(heading)
    turn = np.array(((cosine, sine, 0), (-sine, cosine, 0), (0, 0, 1.0)))
    origin = np.array((x, y, 0.0))
    unit = view.scale_at((x, y, 0.7))
    shapes = Shapes(depth=float(view.local([(x, y, 0)])[0, 2]), softness=max(1.2, unit * 0.05), darkness=0.62)
    if view.local([(x, y, 0.7)])[0, 2] < 1.5 + build.length / 2:
        return shapes
    _shadow(shapes, view, build, origin, turn)
    eye = (view.eye - origin) @ turn.T

    def to_pixels(points: Floats) -> Floats:
        return view.project(origin + points @ turn)[0]

    _underside(shapes, build, to_pixels)
    _far_wheels(shapes, build, eye, to_pixels)
    _mirror(shapes, build, paint, -1 if eye[1] > 0 else 1, to_pixels)
    _body(shapes, build, paint, eye, turn, to_pixels)
    _details(shapes, build, paint, eye, to_pixels)
    _lights(shapes, build, eye, unit, to_pixels)
    _wheels(shapes, build, eye, driven, to_pixels)
    return shapes


@lru_cache(16)
def _mesh(build: Build) -> tuple[Floats, NDArray[np.int8]]:
    """Corners (stations, ring, 3) and the material of each face (stations - 1, ring - 1)."""
    half = build.length / 2
    cuts = sorted({*np.linspace(-half, half, _STATIONS), *(p + d for p in build.pillars for d in (-0.05, 0.05))})
    belt, roof = np.array(build.belt), np.array(build.roof)
    rings = []
    for at in cuts:
        shoulder = float(np.interp(at, belt[:, 0], belt[:, 1]))
        inside = roof[0, 0] <= at <= roof[-1, 0]
        top = max(shoulder + 0.015, float(np.interp(at, roof[:, 0], roof[:, 1]))) if inside else shoulder + 0.015
        taper = 1 - 0.16 * abs(at / half) ** 4
        wide = build.width / 2 * taper
        narrow = wide - 0.02 - (top - shoulder) * 0.30
        side = [(wide * 0.95, 0.22), (wide, 0.5), (wide * 0.985, shoulder - 0.06), (wide * 0.94, shoulder)]
        side += [(narrow, top - 0.035), (narrow * 0.88, top + 0.005), (narrow * 0.45, top + 0.025)]
        rings.append([(at, w, z) for w, z in side] + [(at, -w, z) for w, z in reversed(side)])
    corners: Floats = np.array(rings)
    return corners, _materials(build, np.array(cuts), corners)


def _materials(build: Build, cuts: Floats, corners: Floats) -> NDArray[np.int8]:
    faces = np.zeros((len(cuts) - 1, corners.shape[1] - 1), np.int8)
    roof = np.array(build.roof)
    last = faces.shape[1] - 1
    for at in range(len(cuts) - 1):
        middle = (cuts[at] + cuts[at + 1]) / 2
        tall = corners[at : at + 2, 4, 2].mean() - corners[at : at + 2, 3, 2].mean() > 0.10
        pillar = any(abs(middle - p) < 0.05 for p in build.pillars)
        side_glass = roof[0, 0] + 0.12 < middle < roof[-1, 0] - 0.1 and tall and not pillar
        screen = roof[-2, 0] - 0.05 < middle < roof[-1, 0] - 0.02 or roof[0, 0] + 0.02 < middle < roof[1, 0] + 0.02
        faces[at, 3] = faces[at, last - 3] = _GLASS_MATERIAL if side_glass else _BODY_MATERIAL
        if screen:
            faces[at, 5 : last - 4] = _GLASS_MATERIAL
        faces[at, 0] = faces[at, last] = _TRIM_MATERIAL
    return faces


def _body(shapes: Shapes, build: Build, paint: Colour, eye: Floats, turn: Floats, to_pixels: ToPixels) -> None:
    corners, materials = _mesh(build)
    a, b, c, d = corners[:-1, :-1], corners[1:, :-1], corners[1:, 1:], corners[:-1, 1:]
    faces = np.stack((a, b, c, d), axis=2).reshape(-1, 4, 3)
    kinds = materials.reshape(-1)
    normals = np.cross(faces[:, 2] - faces[:, 0], faces[:, 3] - faces[:, 1])
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)
    normals *= np.sign((normals * (faces.mean(axis=1) - (0, 0, 0.7))).sum(axis=1, keepdims=True))
    to_eye = eye - faces.mean(axis=1)
    distance = np.linalg.norm(to_eye, axis=1)
    facing = (normals * to_eye).sum(axis=1) / distance
    pixels = to_pixels(faces.reshape(-1, 3)).reshape(-1, 4, 2)
    sun = turn @ SUN
    half_way = to_eye / distance[:, None] + sun
    half_way /= np.linalg.norm(half_way, axis=1, keepdims=True)
    gleam = np.clip((normals * half_way).sum(axis=1), 0, 1)
    for ring, normal in ((corners[0], np.array((-1.0, 0, 0))), (corners[-1], np.array((1.0, 0, 0)))):
        if normal @ (eye - ring.mean(axis=0)) > 0:
            one = (np.zeros(1, np.int8), normal[None], sun, np.array((0.7,)), np.zeros(1))
            shapes.add(hull(list(to_pixels(ring)), (0.5,) * len(ring)), _shade(paint, *one)[0])
    colours = _shade(paint, kinds, normals, sun, facing, gleam)
    for at in np.argsort(-distance):
        if facing[at] > 0:
            shapes.add(pixels[at], colours[at])


def _shade(
    paint: Colour, materials: NDArray[np.int8], normals: Floats, sun: Floats, facing: Floats, gleam: Floats
) -> list[Colour]:
    """The colour of each face: sunlight, the sky's reflection (stronger at a flat angle) and the sun's own."""
    up = np.clip(normals[:, 2], 0, 1)
    light = 0.56 + 0.52 * np.clip(normals @ sun, 0, 1) + 0.10 * normals[:, 2]
    fresnel = np.clip(1 - facing, 0, 1) ** 3
    body, sky, white = np.array(paint, float), np.array(_SKY, float), np.array((255.0, 255.0, 255.0))
    warm = np.clip((light - 1) * 0.18, -0.08, 0.08)[:, None] * (-1, 0, 1) + 1
    painted = _over(body * light[:, None] * warm, sky, 0.10 * up + 0.25 * fresnel)
    painted = _over(painted, white, 0.55 * gleam**24)
    glass = _over(np.array(_GLASS, float), sky, 0.10 + 0.55 * fresnel + 0.28 * up)
    glass = _over(glass, white, gleam**40 * 0.6)
    trim = _over(np.array((34.0, 33, 32)), body, 0.25 * light)
    kinds = materials[:, None]
    colours = np.where(kinds == _BODY_MATERIAL, painted, np.where(kinds == _GLASS_MATERIAL, glass, trim))
    return [(b, g, r) for b, g, r in np.clip(colours, 0, 255).astype(int).tolist()]


def _over(base: Floats, colour: Floats, share: Floats) -> Floats:
    return np.asarray(base + (colour - base) * np.clip(share, 0, 1)[:, None])


def _underside(shapes: Shapes, build: Build, to_pixels: ToPixels) -> None:
    x, y = build.length / 2 - 0.1, build.width / 2 - 0.06
    shapes.add(to_pixels(np.array([(-x, -y, 0.2), (x, -y, 0.2), (x, y, 0.2), (-x, y, 0.2)])), (18, 18, 18))


def _details(shapes: Shapes, build: Build, paint: Colour, eye: Floats, to_pixels: ToPixels) -> None:
    half, wide = build.length / 2, build.width / 2
    for end, sign in ((half, 1), (-half, -1)):
        if sign * (eye[0] - end) <= 0:
            continue
        lamp = rgb("f4f3ea") if sign > 0 else rgb("c0262b")
        for side in (1, -1):
            x = end - sign * 0.03
            quad = [(x, side * wide * 0.50, 0.70), (x - sign * 0.07, side * wide * 0.84, 0.74)]
            quad += [(x - sign * 0.07, side * wide * 0.84, 0.62), (x, side * wide * 0.52, 0.60)]
            shapes.add(to_pixels(np.array(quad) + np.array((sign * 0.03, 0, 0))), lamp)
        plate = [(end, 0.2, 0.52), (end, -0.2, 0.52), (end, -0.2, 0.40), (end, 0.2, 0.40)]
        if sign > 0:
            grille = [(end, 0.5, 0.62), (end, -0.5, 0.62), (end, -0.55, 0.36), (end, 0.55, 0.36)]
            shapes.add(to_pixels(np.array(grille)), (30, 29, 28))
        shapes.add(to_pixels(np.array(plate)), rgb("eef0ee"))
    side = 1 if eye[1] > 0 else -1
    if abs(eye[1]) > wide:
        for door in (build.pillars[-2], build.pillars[-1] + 0.35, build.pillars[-2] - 0.95):
            seam = [(door, side * wide * 1.002, 0.28), (door + 0.016, side * wide * 1.002, 0.28)]
            seam += [(door + 0.016, side * wide * 0.985, 0.90), (door, side * wide * 0.985, 0.90)]
            shapes.add(to_pixels(np.array(seam)), lit(paint, 0.5))
    _mirror(shapes, build, paint, side, to_pixels)


def _lights(shapes: Shapes, build: Build, eye: Floats, unit: float, to_pixels: ToPixels) -> None:
    """Head and rear lamps, and what the former throw on the road."""
    half, wide = build.length / 2, build.width / 2
    front, rear = half + 0.02, -half - 0.02
    for x, colour, radius in ((front, _HEAD, 0.42), (rear, _TAIL, 0.24)):
        if (eye[0] - x) * x > 0:
            for side in (0.66, -0.66):
                shapes.lamps.append((to_pixels(np.array([(x, side * wide, 0.66)]))[0], radius * unit, colour))
    beam = np.array([(front + 0.3, 0.6, 0), (front + 0.3, -0.6, 0), (front + 9, -2.2, 0), (front + 9, 2.2, 0)])
    shapes.beams.append((to_pixels(beam), _BEAM))
    shapes.beams.append((to_pixels(beam * (0.72, 0.7, 1) + (half * 0.28, 0, 0)), _BEAM))


def _mirror(shapes: Shapes, build: Build, paint: Colour, side: int, to_pixels: ToPixels) -> None:
    at, wide, height = build.pillars[-1] + 0.34, build.width / 2, build.belt[-3][1] + 0.1
    outer, inner, low = to_pixels(
        np.array(
            [(at, side * (wide + 0.12), height), (at, side * (wide - 0.02), height), (at, side * wide, height - 0.1)]
        )
    )
    size = max(1.0, float(np.linalg.norm(inner - low)))
    shapes.blob((outer, inner), (size * 0.62, size * 0.4), lit(paint, 0.8))


def _wheels(shapes: Shapes, build: Build, eye: Floats, driven: float, to_pixels: ToPixels) -> None:
    side = 1.0 if eye[1] > 0 else -1.0
    if abs(eye[1]) < build.width / 2:
        return
    for axle in build.axles:
        shapes.add(_disc(axle, side * (build.width / 2 - 0.03), 0.37, to_pixels, lower=0.21), _ARCH)
        shapes.add(_disc(axle, side * (build.width / 2 - 0.02), WHEEL_RADIUS, to_pixels), _TYRE)
        shapes.add(_disc(axle, side * (build.width / 2 - 0.01), 0.205, to_pixels), _RIM)
        shapes.add(_disc(axle, side * (build.width / 2 - 0.01), 0.17, to_pixels), rgb("7d8288"))
        for spoke in range(5):
            angle = -driven / WHEEL_RADIUS + spoke * 2 * np.pi / 5
            ray = np.array((np.cos(angle), np.sin(angle)))
            across = np.array((-ray[1], ray[0])) * 0.035
            flat = [across, ray * 0.19 + across * 0.7, ray * 0.19 - across * 0.7, -across]
            points = [(axle + p[0], side * build.width / 2, WHEEL_RADIUS + p[1]) for p in flat]
            shapes.add(to_pixels(np.array(points)), rgb("cdd1d5"))


def _far_wheels(shapes: Shapes, build: Build, eye: Floats, to_pixels: ToPixels) -> None:
    side = -1.0 if eye[1] > 0 else 1.0
    for axle in build.axles:
        shapes.add(_disc(axle, side * (build.width / 2 - 0.12), WHEEL_RADIUS, to_pixels), _TYRE)


def _disc(axle: float, across: float, radius: float, to_pixels: ToPixels, lower: float = 0.0) -> Floats:
    angles = np.linspace(0, 2 * np.pi, 25)[:-1]
    heights = np.maximum(WHEEL_RADIUS + radius * np.sin(angles), lower)
    return to_pixels(np.stack((axle + radius * np.cos(angles), np.full(24, across), heights), axis=1))


def _shadow(shapes: Shapes, view: View, build: Build, origin: Floats, turn: Floats) -> None:
    corners, _ = _mesh(build)
    points = corners[:, (0, 3, 4, -5, -4, -1)].reshape(-1, 3)
    shapes.throw(view, origin + points @ turn)
    x, y = build.length / 2 - 0.05, build.width / 2
    under = np.array([(-x, -y, 0), (x, -y, 0), (x, y, 0), (-x, y, 0.0)])
    shapes.throw(view, origin + under @ turn)
