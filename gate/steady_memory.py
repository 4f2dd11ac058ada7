"""How a process gets its memory and gives it back."""

import ctypes

MMAP_BYTES = 128 << 10
"""A block of this size has pages of its own, which are given back when it is freed."""
HEAPS_MAX = 2
_M_MMAP_THRESHOLD = -3
_M_ARENA_MAX = -8


def keep_memory_steady() -> None:
    """For a process that makes and drops pictures in several threads, before it begins. By itself glibc gives each
    thread a heap of its own, and takes larger and larger blocks out of those after the first large one was freed: holes
    that no page leaves again, as much as the pictures themselves (malloc(3), mallopt(3)). Elsewhere it does nothing."""
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_MMAP_THRESHOLD, MMAP_BYTES)
        mallopt(_M_ARENA_MAX, HEAPS_MAX)
