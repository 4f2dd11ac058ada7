"""From the bytes of a request to the bytes of its answer, for one camera."""

import inspect
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from camera_sim.errors import SoapFaultError
from camera_sim.onvif.answers import envelope, fault_envelope
from camera_sim.onvif.camera import OnvifCamera
from camera_sim.onvif.device_service import device_service
from camera_sim.onvif.event_service import EVENTS, SUBSCRIPTION_MANAGER
from camera_sim.onvif.login import Refused
from camera_sim.onvif.media_service import MEDIA, MEDIA2
from camera_sim.onvif.ptz_service import PTZ
from camera_sim.onvif.service import Answer, Asked, Service
from camera_sim.onvif.soap import Call, parse_call

_OTHERS = (MEDIA, EVENTS, PTZ, MEDIA2)
_SERVICES: Mapping[str, Service] = {
    service.namespace: service for service in (device_service(_OTHERS), *_OTHERS, SUBSCRIPTION_MANAGER)
}
PATHS: Sequence[str] = tuple(service.path for service in _SERVICES.values())

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """An HTTP answer. `challenges`: values of `WWW-Authenticate`."""

    status: int
    body: bytes
    challenges: tuple[str, ...] = field(default=())


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """An HTTP request. `token`: the subscription in its path; `authorization`: its header."""

    path: str
    token: str | None
    authorization: str | None
    body: bytes


async def answer(camera: OnvifCamera, request: Request) -> Response:
    """Whatever the request is: an answer or a fault."""
    relates_to = None
    try:
        call = parse_call(request.body)
        relates_to = call.message_id
        service, wanted = _service(camera, call)
        refused = None if call.operation in service.open else judge(camera, request, call)
        if refused is not None:
            return _not_authorized(camera, request, refused, relates_to)
        said = wanted(Asked(camera=camera, call=call, token=request.token))
        body = await said if inspect.isawaitable(said) else said
        return Response(status=200, body=envelope(body, action=service.action(call.operation), relates_to=relates_to))
    except SoapFaultError as fault:
        _log.info("camera %s: %s: %s", camera.identity.id, request.path, fault)
        status = 400 if fault.code == "Sender" else 500
        return Response(status=status, body=fault_envelope(fault, relates_to))
    except Exception:  # a defect at one request must not end the camera
        _log.exception("camera %s: %s: a defect", camera.identity.id, request.path)
        failed = SoapFaultError("Receiver", ("ter:Action",), "the camera failed")
        return Response(status=500, body=fault_envelope(failed, relates_to))


def judge(camera: OnvifCamera, request: Request, call: Call | None) -> Refused | None:
    """Whether somebody may ask; None: yes. `call` is None where no SOAP is spoken."""
    account = camera.account()
    if account is None:
        return None
    now_ns, monotonic_ns = camera.camera_ns(), camera.clock.monotonic_ns()
    refused = Refused(reason="none")
    if request.authorization is not None:
        method = "GET" if call is None else "POST"
        found = camera.login.judge_http(request.authorization, method, request.path, account, monotonic_ns)
        if found is None:
            return None
        refused = found
    if call is not None and call.security is not None:
        found = camera.login.judge_token(call.security, account, now_ns)
        if found is None or found.reason != "none":
            return found
    return refused


def challenges(camera: OnvifCamera, refused: Refused) -> tuple[str, ...]:
    """What is asked for where nobody, or a wrong somebody, has come by HTTP."""
    account = camera.account()
    style = account.style if account else "md5"
    return camera.login.challenges(style, camera.clock.monotonic_ns(), stale=refused.reason == "stale")


def _not_authorized(camera: OnvifCamera, request: Request, refused: Refused, relates_to: str | None) -> Response:
    _log.info("camera %s: %s: not let in (%s)", camera.identity.id, request.path, refused.reason)
    by_token = refused.reason in ("created", "replayed") or (
        refused.reason == "wrong" and request.authorization is None
    )
    return Response(
        status=400 if by_token else 401,
        body=fault_envelope(refused.fault, relates_to),
        challenges=() if by_token else challenges(camera, refused),
    )


def _service(camera: OnvifCamera, call: Call) -> tuple[Service, Answer]:
    service = _SERVICES.get(call.namespace)
    if service is None or not service.has(camera):
        raise SoapFaultError("Receiver", ("ter:ActionNotSupported", "ter:NoSuchService"), "there is no such service")
    wanted = service.answers.get(call.operation)
    if wanted is None:
        raise SoapFaultError("Receiver", ("ter:ActionNotSupported",), "there is no such operation")
    return service, wanted
