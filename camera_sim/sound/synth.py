"""What is to be heard at a site, for a minute of UTC: its ambience, and a tick whenever a second begins.

The same samples on every machine: fixed seeds, and noise shaped in the frequency domain, so that it has no seam.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from camera_sim.sound.form import LOOP_SECONDS

Samples = NDArray[np.int16]
TICK_HZ, MINUTE_HZ = 1000, 1500
"""The tick of a second, and that of a minute's first."""
TICK_SECONDS, MINUTE_SECONDS = 0.03, 0.12
TICK_LEVEL = 0.28
"""Of full scale; everything else is far below."""
_ATTACK_SECONDS = 0.0005


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambience:
    """Noise around `centre_hz` (`width` octaves to either side), that swells `swells` times a minute, and a hum."""

    level: float
    centre_hz: float
    width: float
    swells: int = 0
    hum_hz: float = 0.0
    hum_level: float = 0.0
    seed: int = 1


_AMBIENCES = {
    "shop_entrance": Ambience(level=0.010, centre_hz=420, width=1.6, swells=7, seed=1),
    "car_park": Ambience(level=0.012, centre_hz=180, width=1.8, swells=5, seed=2),
    "warehouse": Ambience(level=0.008, centre_hz=140, width=1.2, hum_hz=100, hum_level=0.006, seed=3),
    "street": Ambience(level=0.009, centre_hz=160, width=2.0, swells=9, seed=4),
    "corridor": Ambience(level=0.005, centre_hz=300, width=1.0, hum_hz=120, hum_level=0.004, seed=5),
    "factory": Ambience(level=0.016, centre_hz=220, width=1.5, swells=30, hum_hz=50, hum_level=0.012, seed=6),
}


def minute(scene: str, hz: int) -> Samples:
    """60 s of a scene; sample `i` belongs to `i / hz` seconds of the minute."""
    count = hz * LOOP_SECONDS
    wave = _ambience(_AMBIENCES[scene], count, hz)
    for second in range(LOOP_SECONDS):
        pitch, seconds = (TICK_HZ, TICK_SECONDS) if second else (MINUTE_HZ, MINUTE_SECONDS)
        tick = _tick(pitch, seconds, hz)
        wave[second * hz : second * hz + len(tick)] += tick
    return np.asarray(np.clip(wave * 32767, -32767, 32767), np.int16)


def _ambience(ambience: Ambience, count: int, hz: int) -> NDArray[np.float64]:
    random = np.random.default_rng(ambience.seed)
    frequencies = np.fft.rfftfreq(count, 1 / hz)
    octaves = np.log2(np.maximum(frequencies, 1.0) / ambience.centre_hz) / ambience.width
    spectrum = np.exp(-(octaves**2)) * np.exp(2j * np.pi * random.uniform(0, 1, len(frequencies)))
    spectrum[frequencies < 30] = 0
    wave = np.fft.irfft(spectrum, count)
    wave *= ambience.level / wave.std()
    seconds = np.arange(count) / hz
    if ambience.swells:
        wave *= 1 + 0.6 * np.sin(2 * np.pi * seconds * ambience.swells / LOOP_SECONDS)
    if ambience.hum_hz:
        wave += ambience.hum_level * np.sin(2 * np.pi * seconds * ambience.hum_hz)
    return np.asarray(wave)


def _tick(pitch: float, seconds: float, hz: int) -> NDArray[np.float64]:
    time = np.arange(round(seconds * hz)) / hz
    shape = np.minimum(1, time / _ATTACK_SECONDS) * np.cos(np.pi / 2 * time / seconds)
    return np.asarray(TICK_LEVEL * shape * np.cos(2 * np.pi * pitch * time))
