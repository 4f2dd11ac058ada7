"""Whether the machine's clock can be relied on: licences and labels go by it. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from recorder.doctor.finding import Finding, found, ok

SKEW_SECONDS_MAX = 30.0
"""Beside the licence service's clock; it tells its time in whole seconds, and the answer takes a moment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockFacts:
    """`shared`: the site has a clock of its own. `synchronised`: what the kernel says, None where it does not.
    `keepers`: programs that run to keep it right."""

    shared: bool = False
    synchronised: bool | None
    keepers: tuple[str, ...] = ()


def clock_findings(clock: ClockFacts) -> Iterator[Finding]:
    """Of the machine's clock alone."""
    if clock.shared:
        yield ok(
            "clock",
            ja="このサイトは独自の時計（clock: shared）で動きます。本番では clock: system にしてください。",
            en="This site has a clock of its own (clock: shared), for tests and demos.",
        )
        return
    keepers = ", ".join(clock.keepers)
    if clock.synchronised:
        by = f" ({keepers})" if keepers else ""
        yield ok("clock", ja=f"時計は同期しています{by}。", en=f"The clock is synchronised{by}.")
    elif clock.synchronised is None:
        yield found(
            "hint",
            "clock",
            ("時計が同期しているか分かりません。", "Nothing says whether the clock is synchronised."),
            ("NTP（chronyなど）が動いているか確認してください。", "See that NTP (chrony, say) runs."),
        )
    else:
        runs = (f"{keepers} は動いていますが、", f"Although {keepers} runs, the") if keepers else ("", "The")
        yield found(
            "warning",
            "clock",
            (
                f"{runs[0]}時計が同期していません。ずれると録画の時刻もライセンスの期限もずれます。",
                f"{runs[1]} clock is not synchronised, and labels and the ends of licences go by it.",
            ),
            (
                "sudo timedatectl set-ntp true を実行するか、sudo apt install chrony で入れてください。",
                "Run: sudo timedatectl set-ntp true, or: sudo apt install chrony.",
            ),
        )


def skew_findings(seconds: float) -> Iterator[Finding]:
    """`seconds`: how far this machine is ahead of its licence service."""
    if abs(seconds) <= SKEW_SECONDS_MAX:
        yield ok(
            "clock_skew",
            ja=f"ライセンスサービスとの差は {seconds:+.0f} 秒です。",
            en=f"The clock is {seconds:+.0f} s beside the licence service's.",
        )
        return
    yield found(
        "warning",
        "clock_skew",
        (
            f"時計がライセンスサービスより {seconds:+.0f} 秒ずれています。",
            f"The clock is {seconds:+.0f} s beside the licence service's.",
        ),
        ("どちらの機器もNTPで時刻を合わせてください。", "Set the clock of both machines by NTP."),
    )
