"""The addresses that a recorder listens on: free, or whose. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from recorder.doctor.finding import Finding, found, ok


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`setting`: of the configuration. `own`: this very recorder has it, as it runs. `holder`: which program has it,
    where that may be seen. `error`: why it cannot be had at all."""

    setting: str
    listen: str
    state: Literal["free", "own", "taken", "impossible"]
    holder: str = ""
    error: str = ""
    plain: bool = False
    """Other machines reach it, and nothing is encrypted here."""


def address_findings(address: Address) -> Iterator[Finding]:
    """Of one address."""
    setting, listen = address.setting, address.listen
    if address.state == "taken":
        by = (address.holder, address.holder) if address.holder else ("ほかのプログラム", "another program")
        yield found(
            "failure",
            "address",
            (f"{setting} の {listen} は {by[0]} が使っています。", f"{listen} ({setting}) is taken by {by[1]}."),
            (
                f"そのプログラムを終了するか、{setting} を変えてください。",
                f"End that program, or choose another {setting}.",
            ),
            setting,
        )
    elif address.state == "impossible":
        yield found(
            "failure",
            "address",
            (f"{setting} の {listen} では待ち受けできません: {address.error}。",
             f"Nothing can listen on {listen} ({setting}): {address.error}."),
            (f"{setting} をこの機器のアドレスと1024以上のポートにしてください。",
             f"Give {setting} an address of this machine, and a port of 1024 or more."),
            setting,
        )  # fmt: skip
    else:
        state = ("このレコーダーが使用中", "this recorder's") if address.state == "own" else ("空き", "free")
        yield ok(
            "address",
            ja=f"{listen} は{state[0]}です。",
            en=f"{listen} is {state[1]}.",
            about=setting,
        )
    if address.plain:
        yield found(
            "warning",
            "address",
            (
                f"{listen} は暗号化されていません（tls: plain）。",
                f"What passes {listen} is not encrypted here (tls: plain).",
            ),
            (
                "手前のリバースプロキシーで暗号化しているのでなければ、tls: {generate: true} にしてください。",
                "Unless a proxy in front of it encrypts, write tls: {generate: true}.",
            ),
            setting,
        )
