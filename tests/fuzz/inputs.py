"""Inputs for the targets where no coverage guides: random bytes, and seeds with some bytes changed, cut or doubled."""

from hypothesis import strategies as st

Damage = tuple[int, int, int]


def _damaged(seed: bytes, damage: list[Damage]) -> bytes:
    data = bytearray(seed)
    for kind, at, value in damage:
        place = at % (len(data) + 1)
        match kind:
            case 0:
                data[place : place + 1] = bytes((value,))
            case 1:
                del data[place : place + value]
            case 2:
                data[place:place] = data[place : place + value]
            case _:
                data[place:place] = bytes((value,))
    return bytes(data)


def hostile(seeds: tuple[bytes, ...], bytes_max: int) -> st.SearchStrategy[bytes]:
    """Bytes that get far, and bytes that do not."""
    damage = st.tuples(st.integers(0, 3), st.integers(0, 4096), st.integers(0, 255))
    bent = st.builds(_damaged, st.sampled_from(seeds), st.lists(damage, max_size=8))
    return bent | st.binary(max_size=bytes_max)
