"""Events by pull point: subscriptions, pulls, renewal (WS-BaseNotification 1.3; ONVIF Core Specification)."""

from datetime import timedelta
from typing import Any

from camera_sim.errors import SoapFaultError
from camera_sim.onvif import names
from camera_sim.onvif.answers import say
from camera_sim.onvif.camera import OnvifCamera
from camera_sim.onvif.duration import seconds_of, span_of, told
from camera_sim.onvif.service import Asked, Service, plain
from camera_sim.onvif.soap import bad_argument, find
from camera_sim.onvif.subscriptions import DEFAULT_SECONDS, Subscription
from camera_sim.onvif.topic_filter import filter_of

PULL_SECONDS_MAX = 60.0
PULL_MESSAGES_MAX = 100
_WSN_ACTIONS = "http://docs.oasis-open.org/wsn/bw-2/SubscriptionManager"


class _EventService(Service):
    """Its actions are told by port type."""

    def action(self, operation: str) -> str:
        port = (
            "EventPortType"
            if operation in ("CreatePullPointSubscription", "GetEventProperties")
            else ("PullPointSubscription")
        )
        return f"{self.namespace}/{port}/{operation}Response"


class _SubscriptionManager(Service):
    def action(self, operation: str) -> str:
        return f"{_WSN_ACTIONS}/{operation}Response"


def _properties(asked: Asked) -> str:
    tree: dict[str, Any] = {}
    for topic in asked.camera.personality.topics:
        *branches, leaf = topic.name.split("/")
        below = tree
        for branch in branches:
            below = below.setdefault(branch, {})
        below[leaf] = topic
    return say("events", "GetEventProperties", asked.camera, tree)


def _create(asked: Asked) -> str:
    camera = asked.camera
    wanted = filter_of(find(asked.call.body, "Filter"))
    text = asked.call.text("InitialTerminationTime")
    seconds = None if not text else _granted(camera, text, "wsnt:UnacceptableInitialTerminationTimeFault")
    subscription = camera.subscriptions.open(wanted, seconds)
    if subscription is None:
        raise SoapFaultError("Receiver", ("wsnt:SubscribeCreationFailedFault",), "there are too many subscriptions")
    if camera.personality.tells_initial_state:
        camera.notifier.tell_state(subscription, camera.now)
    return say("events", "CreatePullPointSubscription", camera, subscription.token, *_times(camera, subscription))


async def _pull(asked: Asked) -> str:
    camera, subscription = asked.camera, _subscription(asked)
    seconds = seconds_of(asked.call.text("Timeout") or "")
    limit = asked.call.text("MessageLimit") or ""
    if seconds is None or seconds < 0 or not limit.isdecimal() or int(limit[:9]) < 1:
        raise bad_argument("ter:InvalidArgs", "PullMessages wants a Timeout and a MessageLimit")
    if subscription.lasts is not None:
        camera.subscriptions.renew(subscription, subscription.lasts + min(seconds, PULL_SECONDS_MAX))
    most = min(int(limit[:9]), PULL_MESSAGES_MAX)
    notifications = await subscription.pull(most, min(seconds, PULL_SECONDS_MAX), camera.clock)
    if subscription.over:
        raise _unknown()
    return say("events", "PullMessages", camera, *_times(camera, subscription), notifications)


def _synchronize(asked: Asked) -> str:
    asked.camera.notifier.tell_state(_subscription(asked), asked.camera.now)
    return say("events", "SetSynchronizationPoint", asked.camera)


def _renew(asked: Asked) -> str:
    camera, subscription = asked.camera, _subscription(asked)
    text = asked.call.text("TerminationTime")
    seconds = _granted(camera, text, "wsnt:UnacceptableTerminationTimeFault") if text else DEFAULT_SECONDS
    camera.subscriptions.renew(subscription, seconds)
    return say("events", "Renew", camera, *_times(camera, subscription))


def _unsubscribe(asked: Asked) -> str:
    asked.camera.subscriptions.close(_subscription(asked))
    return say("events", "Unsubscribe", asked.camera)


def _granted(camera: OnvifCamera, text: str, fault: str) -> float:
    seconds = span_of(text, camera.now)
    if seconds is None or seconds <= 0:
        raise SoapFaultError("Sender", (fault,), "a time in the future is wanted")
    return min(seconds, camera.personality.subscription_seconds_max)


def _subscription(asked: Asked) -> Subscription:
    subscription = asked.camera.subscriptions.find(asked.token or "")
    if subscription is None:
        raise _unknown()
    return subscription


def _unknown() -> SoapFaultError:
    return SoapFaultError("Sender", ("wsrf-rw:ResourceUnknownFault",), "there is no such subscription (any more)")


def _times(camera: OnvifCamera, subscription: Subscription) -> tuple[str, str]:
    now = camera.now
    return told(now), told(now + timedelta(seconds=camera.subscriptions.seconds_left(subscription)))


EVENTS = _EventService(
    name="events",
    namespace=names.EVENTS,
    path="/onvif/event_service",
    version=(2, 60),
    answers={
        "GetServiceCapabilities": plain("events", "GetServiceCapabilities"),
        "GetEventProperties": _properties,
        "CreatePullPointSubscription": _create,
        "PullMessages": _pull,
        "SetSynchronizationPoint": _synchronize,
    },
)
SUBSCRIPTION_MANAGER = _SubscriptionManager(
    name="subscription",
    namespace=names.WSNT,
    path="/onvif/subscription",
    version=(2, 60),
    answers={"Renew": _renew, "Unsubscribe": _unsubscribe},
    open=frozenset(),
)
"""Of each pull point; no service of its own."""
