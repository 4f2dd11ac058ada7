"""Wires the licence service: database, rules, keys, clock; API, portal and relay; mails and jobs."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

import anyio
from aiohttp import web
from aiohttp.typedefs import Handler
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from gate.clock import Clock
from gate.licence.rules import Rules
from gate.licence.text import Text
from gate.sd_notify import SdNotify
from gate.service.access.identity import Identities
from gate.service.access.sign_in import SignIns
from gate.service.api import problem
from gate.service.api.serving import Api
from gate.service.config import ServiceConfig, rules_of
from gate.service.front import serve_http
from gate.service.health import add_health
from gate.service.jobs.runner import Jobs
from gate.service.mail.delivery import Delivery
from gate.service.mail.mailbox import Mailbox
from gate.service.mail.message import From
from gate.service.mail.rendering import Words
from gate.service.mail.settings import MailSection
from gate.service.mail.smtp import SmtpServer
from gate.service.portal.portal import add_portal
from gate.service.portal.rendering import Rendering
from gate.service.portal.site import Site
from gate.service.relay.host_key import open_host_key
from gate.service.relay.relay import Relay, RelayPlace
from gate.service.seed import DemoSite, seed_demo, seed_site
from gate.service.store.alone import alone
from gate.service.store.engine import Store, open_store
from gate.service.store.migrate import cause_of, migrate
from gate.shared_clock.client import open_clock
from gate.shared_clock.server import STATE_NAME
from gate.sign_in.passwords import Passwords
from gate.signing.issuer import open_issuer

NAME = Text(ja="エッジ録画サービス", en="Edge Recording Service")
REQUEST_BYTES_MAX = 8 << 20
"""Pictures of QR codes; the API takes far less."""

_log = logging.getLogger(__name__)


async def run_service(
    config: ServiceConfig,
    ended: asyncio.Event,
    on_ready: Callable[[dict[str, str]], None],
    *,
    demo_site: DemoSite | None = None,
    sd_notify: SdNotify | None = None,
) -> None:
    """Runs until `ended` is set. `on_ready` is told every address once all of it answers; from then on `sd_notify`, if
    there is one, tells that the process lives. Raises ServiceError,
    SigningError, ConfigError, ClockError or OSError, each one sentence for people."""
    rules = rules_of(config)
    config.data_dir.mkdir(parents=True, exist_ok=True)
    config.keys.mkdir(parents=True, exist_ok=True)
    async with contextlib.AsyncExitStack() as stack:
        clock = await stack.enter_async_context(
            open_clock(config.clock.mode, config.clock.socket, "service", state=config.data_dir / STATE_NAME)
        )
        store = open_store(config.database_url)
        stack.push_async_callback(store.close)
        stack.enter_context(alone(store))
        migrated = await migrate(store)
        if migrated.before != migrated.after:
            _log.info("database: form %s, before: %s", migrated.after, migrated.before or "none")
        passwords = Passwords()
        if config.demo:
            await seed_demo(store, passwords, clock, rules)
        if demo_site is not None:
            await seed_site(store, demo_site, clock, rules)
        app, relay = create_app(config, store=store, clock=clock, rules=rules, passwords=passwords)
        mail, built_in = config.mail, config.mail.built_in()
        if built_in is not None:
            mailbox = Mailbox(built_in, store, clock)
            await stack.enter_async_context(mailbox.serving())
            listening = built_in.model_copy(update={"address": "{}:{}".format(*mailbox.address)})
            mail = mail.model_copy(update={"mailbox": listening})
        relay_address = await stack.enter_async_context(relay.serving())
        tls = config.tls
        host, port = await stack.enter_async_context(
            serve_http(
                app,
                listen=config.listen,
                certificate=tls.certificate if tls else None,
                key=tls.key if tls else None,
            )
        )
        addresses = {"portal": f"{'https' if tls else 'http'}://{host}:{port}/", "relay": relay_address}
        if mail.mailbox is not None:
            addresses["mail"] = mail.mailbox.address
        delivery = _delivery(mail, portal=config.public_url, store=store, clock=clock, rules=rules)
        jobs = Jobs(store=store, clock=clock, rules=rules, delivery=delivery)
        async with anyio.create_task_group() as group:
            group.start_soon(jobs.run)
            group.start_soon(relay.run)
            on_ready(addresses)
            if sd_notify is not None:
                group.start_soon(sd_notify.run, clock)
            await ended.wait()
            group.cancel_scope.cancel()


def create_app(
    config: ServiceConfig, *, store: Store, clock: Clock, rules: Rules, passwords: Passwords
) -> tuple[web.Application, Relay]:
    """The HTTP side and the relay behind it."""
    issuer = open_issuer(config.keys)
    identities = Identities(store=store, clock=clock)
    app = web.Application(middlewares=[_api_errors], client_max_size=REQUEST_BYTES_MAX)
    api = Api(store=store, clock=clock, rules=rules, issuer=issuer, identities=identities, passwords=passwords)
    add_health(app, store, clock)
    api.add_to(app)
    place = RelayPlace(listen=config.relay.listen, host=config.relay.host, port=config.relay.port)
    relay = Relay(
        store=store,
        clock=clock,
        rules=rules,
        issuer=issuer,
        identities=identities,
        host_key=open_host_key(config.data_dir),
        place=place,
    )
    relay.add_to(app)
    api.add_rest_to(app)
    site = Site(
        store=store,
        clock=clock,
        rules=rules,
        passwords=passwords,
        sign_ins=SignIns(store=store, clock=clock, passwords=passwords),
        rendering=Rendering(rules.zone),
    )
    profile = rules.effective_profile()
    add_portal(
        app,
        site=site,
        identities=identities,
        profile=profile,
        with_mailbox=config.mail.built_in() is not None,
        introductions=relay.introductions,
    )
    return app, relay


def _delivery(mail: MailSection, *, portal: str, store: Store, clock: Clock, rules: Rules) -> Delivery:
    return Delivery(
        store=store,
        server=SmtpServer(mail.server()),
        words=Words(service=NAME, portal=portal, zone=rules.zone),
        sender=From(address=mail.from_address, name=mail.from_name),
        zone=rules.zone,
        clock=clock,
    )


@web.middleware
async def _api_errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Under /api every error is a problem object; what was not foreseen is logged and says no details."""
    if not request.path.startswith("/api/"):
        if "\0" in request.path:  # no database keeps it, so nothing can be there
            raise web.HTTPNotFound
        return await handler(request)
    language = problem.language_of(request)
    try:
        response = await handler(request)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        response = problem.of_http(error.status, language)
        if "Allow" in error.headers:
            response.headers["Allow"] = error.headers["Allow"]
    except ConnectionError:
        raise
    except (DBAPIError, PoolTimeoutError) as error:
        _log.error("%s %s: the database failed: %s", request.method, request.path, cause_of(error))
        response = problem.own("UNAVAILABLE", language)
    except Exception:
        _log.exception("%s %s failed", request.method, request.path)
        response = problem.own("INTERNAL", language)
    if not response.prepared:
        response.headers["Cache-Control"] = "no-store"
        response.headers["X-Content-Type-Options"] = "nosniff"
    return response
