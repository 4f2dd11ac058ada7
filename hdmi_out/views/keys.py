"""What a person can tell the monitor, whatever device it comes from: keyboard, mouse, remote control, or a program."""

from dataclasses import dataclass
from enum import StrEnum


class Key(StrEnum):
    """The words of the keys. The arrows, `ok` and `back` reach everything; the others are short cuts."""

    UP = "up"
    DOWN = "down"
    LEFT = "left"
    RIGHT = "right"
    OK = "ok"
    BACK = "back"
    MENU = "menu"
    HOME = "home"
    NEXT = "next"
    PREVIOUS = "previous"
    PLAY = "play"
    STOP = "stop"
    FASTER = "faster"
    SLOWER = "slower"
    REVERSE = "reverse"
    STEP = "step"
    STEP_BACK = "step_back"
    GRID = "grid"
    TOUR = "tour"
    LANGUAGE = "language"
    IDENTIFY = "identify"


@dataclass(frozen=True, slots=True)
class Pointer:
    """The pointer at a pixel of the canvas: moved there, or `pressed` there."""

    x: int
    y: int
    pressed: bool = False


Command = Key | Pointer
