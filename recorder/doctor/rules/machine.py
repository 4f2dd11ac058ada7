"""The machine around the recorder: memory, open files, whose it is, screen, fonts, decoders. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass

from recorder.doctor.finding import Finding, found, ok

MEMORY_BYTES = 250 << 20
"""What a recorder with its monitor takes, without its cameras."""
CAMERA_MEMORY_BYTES = 25 << 20
"""A camera of it: its picture on the wall, its pre-event ring."""
FILES = 512
"""Descriptors: the remote side's connections and the recorder's own."""
CAMERA_FILES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """`files_max`: how many files a process may have open, `files_hard`: up to where it may be raised. `memory_bytes`
    None: the machine does not say."""

    memory_bytes: int | None
    memory_available_bytes: int | None
    files_max: int
    files_hard: int
    root: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Screen:
    """`driver`: by what SDL would show pictures (wayland, x11, kmsdrm), None where there is nothing to try. `trouble`:
    why it does not open, empty if it does. `connected`: monitors that the kernel sees, None where it has no graphics.
    `font`: a file with Japanese letters."""

    driver: str | None
    trouble: str = ""
    connected: int | None = None
    font: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Decoders:
    """`offered`: FFmpeg's decoders in hardware that this machine could have. `closed`: devices of video or
    graphics that this user may not open. `missing`: the formats that nothing decodes."""

    offered: tuple[str, ...]
    closed: tuple[str, ...]
    missing: tuple[str, ...]


def machine_findings(machine: Machine, cameras: int) -> Iterator[Finding]:
    """`cameras`: so many are to be recorded."""
    yield _memory(machine, cameras)
    yield _files(machine, cameras)
    if machine.root:
        yield found(
            "warning",
            "user",
            (
                "rootとして実行されています。",
                "This runs as root: whoever breaks into it has the whole machine.",
            ),
            (
                "録画専用のユーザーを作り、そのユーザーで実行してください。",
                "Make a user for the recorder, and run it as that user.",
            ),
        )
    else:
        yield ok("user", ja="root以外のユーザーで実行されています。", en="This does not run as root.")


def _memory(machine: Machine, cameras: int) -> Finding:
    if machine.memory_bytes is None or machine.memory_available_bytes is None:
        return ok("memory", ja="メモリー量は分かりません。", en="The machine does not say how much memory it has.")
    needed = MEMORY_BYTES + cameras * CAMERA_MEMORY_BYTES
    sizes = f"{machine.memory_available_bytes / 1e9:.1f} / {machine.memory_bytes / 1e9:.1f} GB"
    if machine.memory_available_bytes < needed:
        return found(
            "warning",
            "memory",
            (
                f"空きメモリーが足りません（{sizes}、必要な量は約{needed / 1e9:.1f} GB）。",
                f"Memory is short: {sizes} are free, about {needed / 1e9:.1f} GB are needed.",
            ),
            (
                "ほかのプログラムを終了するか、カメラを減らしてください。",
                "End other programs, or record fewer cameras.",
            ),
        )
    return ok("memory", ja=f"空きメモリーは {sizes} です。", en=f"{sizes} of memory are free.")


def _files(machine: Machine, cameras: int) -> Finding:
    needed = FILES + cameras * CAMERA_FILES
    if machine.files_max >= needed:
        return ok(
            "open_files",
            ja=f"同時に{machine.files_max}個のファイルを開けます。",
            en=f"{machine.files_max} files may be open at once.",
        )
    return found(
        "warning",
        "open_files",
        (
            f"同時に開けるファイルは{machine.files_max}個だけで、{needed}個必要になることがあります。",
            f"Only {machine.files_max} files may be open at once, up to {needed} may be needed.",
        ),
        (
            f"ulimit -n {needed}（systemdでは LimitNOFILE={needed}）を設定してください。",
            f"Set ulimit -n {needed}, or LimitNOFILE={needed} in systemd.",
        ),
    )


def screen_findings(screen: Screen) -> Iterator[Finding]:
    """Where the HDMI monitor would show, and whether it can write Japanese."""
    yield _display(screen)
    if screen.font is None:
        yield found(
            "warning",
            "font",
            (
                "日本語フォントがありません。一部の漢字が中国語の字形になります。",
                "There is no Japanese font: some kanji will have Chinese shapes.",
            ),
            (
                "sudo apt install fonts-noto-cjk を実行してください。",
                "Run: sudo apt install fonts-noto-cjk.",
            ),
        )
    else:
        yield ok("font", ja=f"日本語フォント: {screen.font}。", en=f"Japanese letters come from {screen.font}.")


def _display(screen: Screen) -> Finding:
    if screen.driver is None or screen.connected == 0:
        why = ("画面が接続されていません", "No screen is connected") if screen.connected == 0 else (
            "画面がありません（DISPLAY も WAYLAND_DISPLAY も /dev/dri もありません）",
            "There is no screen: no DISPLAY, no WAYLAND_DISPLAY, no /dev/dri",
        )  # fmt: skip
        return found(
            "hint",
            "display",
            (f"{why[0]}。HDMIモニターの映像はHTTPでのみ見られます。", f"{why[1]}; the monitor is a picture over HTTP."),
            (
                "画面に出すには、接続して画面のあるセッションで実行してください。",
                "To have it on a screen, connect one and run it in that screen's session.",
            ),
        )
    if screen.trouble:
        return found(
            "warning",
            "display",
            (
                f"SDLは {screen.driver} で表示しようとしますが、開けません: {screen.trouble}。",
                f"SDL would use {screen.driver}, but it does not open: {screen.trouble}.",
            ),
            (
                "画面のセッションと同じユーザーで実行し、KMSなら video と render グループに加えてください。",
                "Run it as the user of that session; for KMS be in the groups video and render.",
            ),
        )
    return ok("display", ja=f"SDLは {screen.driver} で表示します。", en=f"SDL shows pictures by {screen.driver}.")


def decoder_findings(decoders: Decoders) -> Iterator[Finding]:
    """What decodes H.264 and H.265 here."""
    for name in decoders.missing:
        yield found(
            "failure",
            "decoders",
            (f"{name} を復号できません。", f"Nothing here decodes {name}."),
            ("pip install --force-reinstall av を実行してください。", "Run: pip install --force-reinstall av."),
            name,
        )
    if decoders.closed:
        devices = ", ".join(decoders.closed)
        yield found(
            "hint",
            "decoders",
            (f"{devices} を開く権限がありません。", f"This user may not open {devices}."),
            (
                "使う場合は sudo usermod -aG video,render $USER のあと入り直してください。",
                "Where they are to be used: sudo usermod -aG video,render $USER, and log in again.",
            ),
        )
    if not decoders.missing:
        offered = ", ".join(decoders.offered)
        more = (f" この機器には {offered} もあります。", f" The hardware also has {offered}.") if offered else ("", "")
        yield ok(
            "decoders",
            ja=f"H.264とH.265はCPUで復号します。{more[0]}",
            en=f"H.264 and H.265 are decoded by the processor.{more[1]}",
        )
