"""The parameter sets in force (ITU-T H.264 sections 7.3.2.1, 7.3.2.2; H.265 sections 7.3.2.1 to 7.3.2.3). They are
taken as sent, never made up.

Sets of the session description count until the first of their kind comes in the stream: cameras describe one stream
and send another.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

SET_BYTES_MAX = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class SetRules:
    """What a codec's parameter sets are. `kept_max`: how many of each kind are kept at a time, the kinds in the order
    of `current`; of more, the oldest goes. `kind_of`: of a NAL unit that is a set. `id_of`: None if unreadable."""

    kept_max: Mapping[int, int]
    kind_of: Callable[[bytes], int]
    id_of: Callable[[bytes], int | None]


class ParameterSets:
    """`current`: NAL units, kind by kind, by id. It is the same object as long as nothing has changed."""

    __slots__ = ("_described", "_rules", "_sets", "current")

    def __init__(self, rules: SetRules, described: Iterable[bytes] = ()) -> None:
        self._rules = rules
        self._sets: dict[int, dict[int, bytes]] = {kind: {} for kind in rules.kept_max}
        self._described = dict.fromkeys(rules.kept_max, True)
        self.current: tuple[bytes, ...] = ()
        for nal in described:
            self._keep(nal)
        self._collect()

    @property
    def complete(self) -> bool:
        """Whether there is at least one of each kind."""
        return all(self._sets.values())

    def offer(self, nal: bytes) -> None:
        """A set found in the stream. One that is the same as before changes nothing; nonsense is passed over."""
        kind = self._rules.kind_of(nal)
        if nal in self._sets[kind].values() and not self._described[kind]:
            return
        if self._described[kind]:
            described, self._sets[kind] = self._sets[kind], {}
            if not self._keep(nal):
                self._sets[kind] = described
                return
            self._described[kind] = False
            if described != self._sets[kind]:
                self._collect()
        elif self._keep(nal):
            self._collect()

    def _keep(self, nal: bytes) -> bool:
        kind = self._rules.kind_of(nal)
        number = self._rules.id_of(nal)
        sets = self._sets[kind]
        if number is None or len(nal) > SET_BYTES_MAX or sets.get(number) == nal:
            return False
        sets.pop(number, None)
        sets[number] = nal
        if len(sets) > self._rules.kept_max[kind]:
            del sets[next(iter(sets))]
        return True

    def _collect(self) -> None:
        self.current = tuple(sets[number] for sets in self._sets.values() for number in sorted(sets))
