"""Ways to moving pictures: RTSP, HLS, MJPEG. Each gives what was seen, or RefusedError, or ProbeError."""

import asyncio
import threading
from collections.abc import Callable, Sequence
from typing import Any

import aiohttp
import av

from gate.clock import Clock
from gate.verify.errors import ProbeError
from gate.verify.foreign.hls import Playlist, parse_playlist
from gate.verify.foreign.pictures import Seen, add_frame, seen_in_film, seen_in_jpegs
from gate.verify.foreign.product import Product, RefusedError

PICTURES_MIN = 8
LOOK_SECONDS = 10.0
GOES_ON_SECONDS = 1.0
"""So much of a stream has to be seen."""
PIECES_MAX = 30
JPEG_BYTES_MAX = 8 << 20
_POLL_SECONDS = 0.3
_STATUS: tuple[tuple[type[av.FFmpegError], int | str], ...] = (
    (av.error.HTTPBadRequestError, 400),
    (av.error.HTTPUnauthorizedError, 401),
    (av.error.HTTPForbiddenError, 403),
    (av.error.HTTPNotFoundError, 404),
    (av.error.HTTPTooManyRequestsError, 429),
    (av.error.HTTPOtherClientError, "4xx"),
    (av.error.HTTPServerError, "5xx"),
)


def enough(seen: Seen) -> bool:
    """Whether it can be said that pictures flow."""
    return seen.pictures >= PICTURES_MIN and seen.seconds >= GOES_ON_SECONDS and seen.moves


async def rtsp(product: Product, url: str, npt_seconds: float | None = None) -> Seen:
    """Live, or a recording from that time on."""
    patience = product.driver.refusal.silence_seconds or LOOK_SECONDS
    seen = Seen()
    began_ns = product.clock.monotonic_ns()

    def read() -> None:
        with open_rtsp(product, url, patience) as container:
            if npt_seconds is not None:
                container.seek(round(npt_seconds * 1_000_000))
            for frame in container.decode(video=0):
                add_frame(seen, frame)
                if enough(seen) or product.clock.monotonic_ns() - began_ns > LOOK_SECONDS * 1e9:
                    break

    try:
        await asyncio.to_thread(read)
    except (av.FFmpegError, IndexError, OSError) as error:
        waited = (product.clock.monotonic_ns() - began_ns) / 1e9
        _told(product, url, error, waited if not seen.pictures and waited >= patience * 0.9 else None)
    return seen


def open_rtsp(product: Product, url: str, patience_seconds: float) -> av.container.InputContainer:
    """Over TCP. Blocks. Raises av.FFmpegError, whose text has the password: only its type may be told."""
    return av.open(
        product.with_user(url), options={"rtsp_transport": "tcp"}, timeout=(patience_seconds, patience_seconds)
    )


def _told(product: Product, url: str, error: Exception, silent_seconds: float | None) -> None:
    status = next((status for kind, status in _STATUS if isinstance(error, kind)), None)
    if status is not None and status in product.driver.refusal.rtsp:
        raise RefusedError({"rtsp_status": status}) from None
    if silent_seconds is not None:
        product.silent(url, silent_seconds)
    said = f"answers {status}" if status is not None else f"gives no pictures: {type(error).__name__}"
    raise ProbeError(f"{url} {said}, which is neither yes nor no") from None


async def hls_live(product: Product, url: str) -> Seen:
    """A piece that was not there before: a playlist that stands still is nothing live."""
    first = await media_playlist(product, url)
    patience = max(product.driver.refusal.silence_seconds or LOOK_SECONDS, 3 * first.target_seconds)
    end_ns = product.clock.monotonic_ns() + round(patience * 1e9)
    while (now := await media_playlist(product, url)).next_sequence <= first.next_sequence or not now.pieces:
        if product.clock.monotonic_ns() >= end_ns:
            product.silent(url, patience)
        await product.clock.sleep(_POLL_SECONDS)
    return await _film(product, now.pieces[-1:])


async def hls_recorded(product: Product, url: str) -> Seen:
    """Every piece of a playlist, as far as PIECES_MAX."""
    playlist = await media_playlist(product, url)
    if not playlist.pieces:
        raise ProbeError(f"{url} names no pieces")
    return await _film(product, playlist.pieces[:PIECES_MAX])


async def _film(product: Product, pieces: Sequence[tuple[str, str | None]]) -> Seen:
    film, init = b"", None
    for address, needs in pieces:
        if needs is not None and needs != init:
            if init is not None:
                break  # another form begins there
            film += await product.get(needs)
            init = needs
        film += await product.get(address)
    return await asyncio.to_thread(seen_in_film, film)


async def media_playlist(product: Product, url: str) -> Playlist:
    """The playlist, or the first one that it names."""
    playlist = parse_playlist((await product.get(url)).decode(errors="replace"), url)
    if playlist.variant is None:
        return playlist
    found = parse_playlist((await product.get(playlist.variant)).decode(errors="replace"), playlist.variant)
    if found.variant is not None:
        raise ProbeError(f"{url} names playlists of playlists")
    return found


async def mjpeg(product: Product, url: str, on_picture: Callable[[int], None] | None = None) -> Seen:
    """JPEGs one after the other in one answer; with `on_picture` all of them, each told by the machine's clock, until
    it ends."""
    patience = product.driver.refusal.silence_seconds or LOOK_SECONDS
    found: list[tuple[bytes, float]] = []
    clock = product.clock
    began_ns = clock.monotonic_ns()
    try:
        async with product.session.get(url, headers=product.headers, timeout=_no_bound()) as answer:
            if answer.status in product.driver.refusal.http:
                raise RefusedError({"status": answer.status})
            if answer.status != 200:
                raise ProbeError(f"{url} answers {answer.status}, which is neither yes nor no")
            if not answer.content_type.startswith("multipart/"):
                raise ProbeError(f"{url} gives {answer.content_type}, not one JPEG after the other")
            parts = aiohttp.MultipartReader.from_response(answer)
            while (jpeg := await _next_jpeg(parts, clock, patience)) is not None:
                if on_picture is not None:
                    on_picture(clock.now_ns())
                    continue
                found.append((jpeg, (clock.monotonic_ns() - began_ns) / 1e9))
                if found[-1][1] - found[0][1] >= GOES_ON_SECONDS and len(found) >= PICTURES_MIN:
                    break
                if found[-1][1] >= LOOK_SECONDS:
                    break
    except TimeoutError:
        if found:
            raise ProbeError(f"{url} gives {len(found)} pictures and no more, which is neither yes nor no") from None
        product.silent(url, patience)
    except (aiohttp.ClientError, OSError, ValueError) as error:
        if on_picture is None:
            raise ProbeError(f"{url} gives no pictures: {type(error).__name__}") from None
    return await asyncio.to_thread(seen_in_jpegs, found)


def _no_bound() -> aiohttp.ClientTimeout:
    return aiohttp.ClientTimeout(total=None, sock_connect=LOOK_SECONDS)


async def _next_jpeg(parts: Any, clock: Clock, patience: float) -> bytes | None:
    async with clock.timeout(patience):
        part = await parts.next()
        if part is None:
            return None
        jpeg = b""
        while chunk := await part.read_chunk(1 << 16):
            jpeg += chunk
            if len(jpeg) > JPEG_BYTES_MAX:
                raise ValueError("a picture of more than 8 MiB")
    return jpeg


async def follow_rtsp(product: Product, url: str, stop: threading.Event, on_picture: Callable[[int], None]) -> None:
    """Tells of each packet, by the machine's clock, until it ends, stands still, or is to stop."""
    patience = product.driver.refusal.silence_seconds or LOOK_SECONDS

    def read() -> None:
        try:
            with open_rtsp(product, url, patience) as container:
                for packet in container.demux(video=0):
                    if stop.is_set():
                        return
                    if packet.size:
                        on_picture(product.clock.now_ns())
        except (av.FFmpegError, IndexError, OSError):
            return

    await asyncio.to_thread(read)
