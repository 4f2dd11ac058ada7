"""The XML of answers: one macro an operation, in `templates/`. Values are escaped."""

from typing import Any

import jinja2
from markupsafe import Markup

from camera_sim.errors import SoapFaultError
from camera_sim.onvif.duration import told

_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("camera_sim.onvif"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    keep_trailing_newline=False,
)
_TEMPLATES.filters["instant"] = told


def say(service: str, operation: str, *values: Any) -> str:
    """The answer to an operation: what `templates/SERVICE.xml.j2` says, with these values."""
    return str(getattr(_TEMPLATES.get_template(f"{service}.xml.j2").module, operation)(*values))


def envelope(body: str, *, action: str = "", relates_to: str | None = None) -> bytes:
    """A whole message around an answer. `relates_to`: the message it answers, if that had an id."""
    template = _TEMPLATES.get_template("envelope.xml.j2")
    return template.render(body=Markup(body), action=action, relates_to=relates_to).encode()


def say_discovery(kind: str, *values: Any) -> bytes:
    """A whole message of WS-Discovery."""
    return say("discovery", "message", kind, *values).encode()


def fault_envelope(fault: SoapFaultError, relates_to: str | None = None) -> bytes:
    """A whole message that says no."""
    reason = "".join(letter if letter.isprintable() else "?" for letter in str(fault))
    body = say("fault", "Fault", fault.code, fault.subcodes, reason)
    return envelope(body, action="http://www.w3.org/2005/08/addressing/soap/fault", relates_to=relates_to)
