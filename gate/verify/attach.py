"""Reaching a site that runs already: every part that its file names is tried, and what is wrong is told by line and
field before anything is judged."""

import asyncio
import json
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import NoReturn
from urllib.parse import urlsplit

import aiohttp

from gate.clock import SystemClock
from gate.config_fields import beside, split_address
from gate.verify import partner
from gate.verify.attach_file import SiteFile, load_site_file
from gate.verify.attached import AttachedSite, Reached
from gate.verify.errors import SiteError
from gate.verify.licences import LicenceService
from gate.verify.secret import Secret, SecretError, read_secret
from gate.verify.webhook import Webhook, receiving
from gate.yaml_file import placed

REQUEST_SECONDS = 20.0
_RTSP_SECONDS = 5.0


@asynccontextmanager
async def attached_site(path: Path, scratch: Path) -> AsyncIterator[AttachedSite]:
    """Reached until the body ends. Raises gate.yaml_file.ConfigError with file, line and field."""
    file = _absolute(path, load_site_file(path))
    clock = SystemClock()
    async with AsyncExitStack() as stack:
        stack.callback(clock.close)
        attaching = _Attaching(path, file, clock, stack)
        session, device, lapsed = await attaching.recorder()
        site = AttachedSite(
            path=path,
            file=file,
            scratch=scratch,
            clock=clock,
            session=session,
            reached=Reached(
                device=device,
                lapsed=lapsed,
                local=await attaching.local(),
                licences=await attaching.licences(),
                webhook=await attaching.webhook(),
            ),
        )
        await attaching.monitor(session)
        await attaching.camera(site)
        await attaching.folders(site)
        if file.clock.socket is not None:
            try:
                await site.step("show")
            except SiteError as error:
                attaching.wrong(("clock", "socket"), str(error))
        yield site


def _absolute(path: Path, file: SiteFile) -> SiteFile:
    def near(named: Path | None) -> Path | None:
        return None if named is None else beside(path, named)

    recorder = file.recorder.model_copy(
        update={"footage": near(file.recorder.footage), "local": near(file.recorder.local)}
    )
    cameras = file.cameras.model_copy(update={"card": near(file.cameras.card)})
    return file.model_copy(update={"recorder": recorder, "cameras": cameras, "clock": file.clock.beside(path)})


class _Attaching:
    """One part after the other. Raises ConfigError."""

    def __init__(self, path: Path, file: SiteFile, clock: SystemClock, stack: AsyncExitStack) -> None:
        self._path = path
        self._file = file
        self._clock = clock
        self._stack = stack

    def wrong(self, place: Sequence[str], sentence: str) -> NoReturn:
        """The sentence, at its line."""
        raise placed(self._path, place, sentence) from None

    async def recorder(self) -> tuple[aiohttp.ClientSession, str, dict[str, bool]]:
        """Signed in; its id, and which cameras are lapsed."""
        recorder = self._file.recorder
        ssl = aiohttp.Fingerprint(bytes.fromhex(recorder.certificate_sha256)) if recorder.certificate_sha256 else True
        session = await self._session(aiohttp.TCPConnector(ssl=ssl), recorder.url)
        try:
            await self._sign_in(session)
            async with session.get(f"{recorder.url}api/v1/state") as answer:
                if answer.status == 401:
                    self.wrong(("recorder", "url"), "it asks for a sign-in: give recorder.user and password")
                state = await answer.json(content_type=None)
            lapsed = {one["id"]: one["licence"]["state"] == "lapsed" for one in state["cameras"]}
            device = str(state["device"]["id"])
        except aiohttp.ServerFingerprintMismatch as error:
            self.wrong(("recorder", "certificate_sha256"), f"its certificate is another one: {error.got.hex()}")
        except aiohttp.ClientConnectorCertificateError:
            self.wrong(("recorder", "url"), "its certificate is nobody's that we know: give certificate_sha256, too")
        except (aiohttp.ClientError, OSError, TimeoutError) as error:
            self.wrong(("recorder", "url"), f"no recorder answers there: {type(error).__name__}")
        except (ValueError, LookupError, TypeError):
            self.wrong(("recorder", "url"), "what answers there is no recorder of this kind; a driver file may do")
        if recorder.device not in (None, device):
            self.wrong(("recorder", "device"), f"the recorder there is {device}")
        wanted = self._file.cameras.ids or tuple(lapsed)
        for camera in wanted:
            if camera not in lapsed:
                self.wrong(("cameras", "ids"), f"the recorder has no camera {camera}; it has {', '.join(lapsed)}")
        if self._file.cameras.turned not in (None, *wanted):
            self.wrong(("cameras", "turned"), "the recorder has no such camera, or it is not among cameras.ids")
        if not wanted:
            self.wrong(("recorder", "url"), "this recorder has no cameras")
        return session, device, {camera: lapsed[camera] for camera in wanted}

    async def _sign_in(self, session: aiohttp.ClientSession) -> None:
        recorder = self._file.recorder
        if recorder.user is None or recorder.password is None:
            return
        words = {"name": recorder.user, "password": await self._secret(recorder.password, ("recorder", "password"))}
        async with session.post(f"{recorder.url}api/v1/sign-in?lang=en", json=words) as answer:
            content = json.loads(await answer.read() or b"{}")
        if answer.status == 401:
            self.wrong(("recorder", "password"), f"the recorder knows no {recorder.user} with that password")
        if answer.status >= 400:
            self.wrong(("recorder", "user"), f"it refuses the sign-in: {content.get('title')} ({answer.status})")
        if (content.get("user") or {}).get("must_change"):
            self.wrong(("recorder", "password"), "it has to be changed first: sign in at the recorder with a browser")

    async def local(self) -> aiohttp.ClientSession | None:
        """The local site, where it is named."""
        socket = self._file.recorder.local
        if socket is None:
            return None
        session = await self._session(aiohttp.UnixConnector(path=str(socket)), "http://recorder/")
        try:
            async with session.get("http://recorder/v1/state") as answer:
                await answer.read()
        except (aiohttp.ClientError, OSError, TimeoutError):
            self.wrong(("recorder", "local"), f"no recorder answers at the socket {socket}")
        return session

    async def monitor(self, session: aiohttp.ClientSession) -> None:
        """That it answers, where it is named."""
        if self._file.monitor is None:
            return
        try:
            async with session.get(f"{self._file.monitor.url}v1/status") as answer:
                fine = answer.status == 200 and "sink" in await answer.json(content_type=None)
        except (aiohttp.ClientError, OSError, TimeoutError, ValueError):
            fine = False
        if not fine:
            self.wrong(("monitor", "url"), "no preview of an HDMI monitor answers there")

    async def licences(self) -> LicenceService | None:
        """The service, signed in to, where it is named."""
        service = self._file.service
        if service is None:
            return None
        session = await self._session(aiohttp.TCPConnector(), service.url)
        field = "token"
        try:
            if service.token is not None:
                proof = partner.by_token(await self._secret(service.token, ("service", "token")))
            else:
                assert service.partner is not None and service.password is not None
                field = "password"
                password = await self._secret(service.password, ("service", "password"))
                proof = await partner.by_password(session, service.url, service.partner, password)
            found = LicenceService(session, service.url, proof, service.customer)
            if not await found.knows_us():
                self.wrong(("service", field), "the licence service does not know it, or it has been revoked")
            await found.customer()
        except partner.WrongSignInError as error:
            self.wrong(("service", field), str(error))
        except SiteError as error:
            self.wrong(("service", "customer" if service.customer in str(error) else "url"), str(error))
        return found

    async def webhook(self) -> Webhook | None:
        """Listening, where an address is named."""
        if self._file.webhook is None:
            return None
        host, port = split_address(self._file.webhook.listen)
        try:
            return await self._stack.enter_async_context(receiving(self._clock, host, port))
        except OSError as error:
            self.wrong(("webhook", "listen"), f"cannot be listened at: {error.strerror}")

    async def camera(self, site: AttachedSite) -> None:
        """That the first camera answers, where it is named."""
        if self._file.cameras.rtsp is None:
            return
        parts = urlsplit(site.camera_url(site.cameras[0]))
        try:
            async with self._clock.timeout(_RTSP_SECONDS):
                _, writer = await asyncio.open_connection(parts.hostname, parts.port or 554)
            writer.close()
        except (OSError, TimeoutError, ValueError):
            self.wrong(("cameras", "rtsp"), f"no camera answers at {parts.hostname}:{parts.port or 554}")

    async def folders(self, site: AttachedSite) -> None:
        """That they are there, where they are named."""
        footage, card = self._file.recorder.footage, self._file.cameras.card
        if footage is not None and not await asyncio.to_thread((footage / site.cameras[0]).is_dir):
            self.wrong(("recorder", "footage"), f"there is no folder {footage / site.cameras[0]}; name data_dir/media")
        if card is not None and not await asyncio.to_thread(card.is_dir):
            self.wrong(("cameras", "card"), f"there is no folder {card}")

    async def _session(self, connector: aiohttp.BaseConnector, url: str) -> aiohttp.ClientSession:
        session = aiohttp.ClientSession(
            connector=connector,
            timeout=aiohttp.ClientTimeout(total=REQUEST_SECONDS),
            cookie_jar=aiohttp.CookieJar(unsafe=True),  # addresses in digits have cookies, too
            headers={"Origin": url.rstrip("/")},
        )
        return await self._stack.enter_async_context(session)

    async def _secret(self, secret: Secret, place: Sequence[str]) -> str:
        try:
            return await asyncio.to_thread(read_secret, secret, self._path)
        except SecretError as error:
            self.wrong(place, str(error))
