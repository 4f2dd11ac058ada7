"""What every probe is given: the site, what is known of its past, one event of this column, a place for pictures."""

import asyncio
import contextlib
import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import aiohttp

from gate.clock import instant_of
from gate.verify.errors import ProbeError
from gate.verify.marks import Mark, marks_in
from gate.verify.matrix import Part
from gate.verify.probes.answers import Answer, ask
from gate.verify.scenario import Limits
from gate.verify.site import Site

PNG = b"\x89PNG"
LISTEN_SECONDS = 10.0
_KINDS = ("visitor", "package", "line", "zone", "sound", "animal", "face", "vehicle", "person", "input")
"""Each column has one of its own: the monitor shows the same kind of a camera only now and then."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KnownFootage:
    """An uninterrupted stretch of a camera's main stream that was recorded while it was licensed."""

    camera: str
    marks: Sequence[Mark]
    fps: int
    loop_pictures: int

    @property
    def start(self) -> datetime:
        return instant_of(self.marks[0].utc_us * 1000)

    @property
    def end(self) -> datetime:
        """When its last picture is over."""
        return instant_of(self.marks[-1].utc_us * 1000) + timedelta(seconds=1 / self.fps)

    @property
    def numbers(self) -> range:
        return range(self.marks[0].number, self.marks[-1].number + 1)

    @property
    def shown(self) -> set[int]:
        """What the barcodes of its pictures say."""
        return {number % self.loop_pictures for number in self.numbers}


@dataclass(slots=True, kw_only=True)
class Happening:
    """An event that is made to happen at the column's camera; `token` is its detail, wherever it turns up. `heard`:
    whoever listens for it does so."""

    kind: str
    token: str
    heard: asyncio.Event = field(default_factory=asyncio.Event)
    happened: asyncio.Event = field(default_factory=asyncio.Event)
    happened_ns: int = 0


@dataclass(slots=True, kw_only=True)
class Bench:
    """`pictures`: the folder for pictures that are evidence. `knowns`: by cameras; `cameras`: those that this column
    looks at. `named`: addresses that answers named in earlier columns; who kept them asks for them again while lapsed.
    `made`: addresses of what a run leaves behind unless it is cleared away. `number`: of the latest event, for its name
    and kind."""

    site: Site
    limits: Limits
    knowns: Mapping[str, KnownFootage]
    pictures: Path
    cameras: tuple[str, ...]
    happening: Happening = field(default_factory=lambda: Happening(kind="", token=""))
    named: dict[str, str] = field(default_factory=dict)
    made: list[str] = field(default_factory=list)
    column: str = ""
    _words: dict[str, str] = field(default_factory=dict)
    _named_of: dict[str, dict[str, str]] = field(default_factory=dict)
    number: int = 0

    @property
    def camera(self) -> str:
        """The camera of all that is looked at of one only."""
        return self.cameras[0]

    @property
    def known(self) -> KnownFootage:
        """Of `camera`. Raises ProbeError."""
        if self.camera not in self.knowns:
            raise ProbeError(f"no footage of {self.camera} is known to compare with")
        return self.knowns[self.camera]

    def begin(self, column: str, cameras: tuple[str, ...], *, is_listened_for: bool) -> None:
        """A new column: what has happened before counts no more. Its event waits for its listener, if there is one."""
        self.number += 1
        self.column, self.cameras = column, cameras
        self.named = self._named_of.setdefault(self.camera, {})
        self.happening = Happening(kind=_KINDS[(self.number - 1) % len(_KINDS)], token=f"verify-{self.number}")
        if not is_listened_for:
            self.happening.heard.set()

    async def happen(self) -> None:
        """Makes the column's event happen, once. Raises ProbeError."""
        happening = self.happening
        if happening.happened.is_set():
            return
        with contextlib.suppress(TimeoutError):  # the listener says what is wrong
            async with self.site.clock.timeout(LISTEN_SECONDS):
                await happening.heard.wait()
        content = {"kind": happening.kind, "detail": happening.token}
        happening.happened_ns = self.site.clock.now_ns()
        async with self.site.local.post(f"http://recorder/v1/cameras/{self.camera}/events", json=content) as answer:
            if answer.status != 202:
                raise ProbeError(f"the event could not be made to happen: {answer.status} {await answer.text()}")
        happening.happened.set()

    async def clear(self) -> None:
        """Removes what was made, as far as that is allowed now."""
        for address in self.made:
            with contextlib.suppress(aiohttp.ClientError, OSError, TimeoutError):
                async with self.site.session.delete(address):
                    pass

    def keep(self, name: str, picture: bytes) -> str:
        """Writes a picture, a PNG or a JPEG; gives its file's name."""
        path = self.pictures / f"{self._column_in_files()}-{name}.{'png' if picture.startswith(PNG) else 'jpg'}"
        path.write_bytes(picture)
        return path.name

    def _column_in_files(self) -> str:
        """The column as file names have it, numbered where another one would be written the same."""
        if self.column not in self._words:
            words = "".join(mark if mark.isalnum() else "-" for mark in self.column)
            names = itertools.chain([words], (f"{words}-{number}" for number in itertools.count(2)))
            self._words[self.column] = next(one for one in names if one not in self._words.values())
        return self._words[self.column]

    def age_ms(self, shown: int) -> float:
        """How old a picture with that barcode is now, if it is younger than a loop."""
        return self.site.age_ms(shown)


def of_others(known: KnownFootage | None, data: bytes) -> int:
    """How many pictures there are of another camera than the one whose footage is known; 0 where none is."""
    return 0 if known is None else sum(mark.camera != known.marks[0].camera for mark in marks_in(data))


def given(name: str, evidence: Mapping[str, Any], *, works: bool) -> Part:
    """A part that nobody refused: it is as it should be, or faulty."""
    return Part(name=name, works=works, faulty=not works, evidence=evidence)


async def refused(bench: Bench, name: str, answer: Answer) -> Part:
    """A part that is refused as a whole; it works after all if what was named before is still given: what is kept no
    more (an export of months ago) is not."""
    evidence, address = dict(answer.evidence), bench.named.get(name)
    if address is not None:
        again = await ask(bench.site, address, may_be_gone=True)
        evidence["named_before"] = again.evidence
        return Part(name=name, works=again.status < 400, evidence=evidence)
    return Part(name=name, works=False, evidence=evidence)
