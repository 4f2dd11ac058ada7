"""Processes that do not outlive the verifier, even if it is killed outright. Linux."""

import ctypes
import signal

_PR_SET_PDEATHSIG = 1


def end_with_parent(number: signal.Signals) -> None:
    """For a child before it becomes another program: it gets that signal when its parent ends."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, number)
