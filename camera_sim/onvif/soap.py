"""SOAP 1.2 requests: hostile bytes in, a call or a fault out (SOAP 1.2 part 1, WS-Addressing 1.0). Pure.

Rules
1. A request is UTF-8, at most BODY_BYTES_MAX, at most DEPTH_MAX deep, without a document type: no entity is ever
   resolved, nothing is ever fetched.
2. Whatever is wrong is one fault with ONVIF's subcodes (ONVIF Core Specification, errors); the camera goes on.
"""

from dataclasses import dataclass

from lxml import etree

from camera_sim.errors import SoapFaultError
from camera_sim.onvif import names

BODY_BYTES_MAX = 64 << 10
DEPTH_MAX = 32
ELEMENTS_MAX = 2000
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY", b"<!ELEMENT", b"<!ATTLIST")
_HEADERS_UNDERSTOOD = {names.WSA, names.WSSE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One operation that is asked for. `body` is its element, `security` the UsernameToken's parent, if any."""

    namespace: str
    operation: str
    body: etree._Element
    security: etree._Element | None
    message_id: str | None

    def text(self, path: str) -> str | None:
        """The text of the first element at `path` (local names, `/` between), stripped; None if there is none."""
        found = find(self.body, path)
        return None if found is None else (found.text or "").strip()


def parse_xml(data: bytes) -> etree._Element:
    """The root of an untrusted document (rule 1). Raises SoapFaultError."""
    if len(data) > BODY_BYTES_MAX:
        raise malformed(f"more than {BODY_BYTES_MAX} bytes")
    if any(word in data for word in _FORBIDDEN):
        raise malformed("a document type is not accepted")
    parser = etree.XMLParser(
        encoding="utf-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise malformed(f"not well-formed XML: {error}") from None
    _bound(root)
    return root


def parse_call(data: bytes) -> Call:
    """The call in a request. Raises SoapFaultError."""
    root = parse_xml(data)
    if root.tag != f"{{{names.SOAP}}}Envelope":
        if etree.QName(root).localname == "Envelope":
            raise SoapFaultError("VersionMismatch", (), "only SOAP 1.2 is spoken here")
        raise malformed("not a SOAP envelope")
    header = root.find(f"{{{names.SOAP}}}Header")
    body = root.find(f"{{{names.SOAP}}}Body")
    if body is None or len(body) != 1:
        raise malformed("a body with one operation is wanted")
    for block in header if header is not None else ():
        namespace = etree.QName(block).namespace
        if block.get(f"{{{names.SOAP}}}mustUnderstand") in ("1", "true") and namespace not in _HEADERS_UNDERSTOOD:
            raise SoapFaultError("MustUnderstand", (), f"the header {etree.QName(block).localname} is not understood")
    operation = etree.QName(body[0])
    return Call(
        namespace=operation.namespace or "",
        operation=operation.localname,
        body=body[0],
        security=None if header is None else header.find(f"{{{names.WSSE}}}Security"),
        message_id=None if header is None else header.findtext(f"{{{names.WSA}}}MessageID"),
    )


def find(element: etree._Element, path: str) -> etree._Element | None:
    """The first descendant along local names; None if there is none."""
    for name in path.split("/"):
        child = next((one for one in element if etree.QName(one).localname == name), None)
        if child is None:
            return None
        element = child
    return element


def malformed(reason: str) -> SoapFaultError:
    """The fault for a request that cannot be read."""
    return SoapFaultError("Sender", ("ter:WellFormed",), reason)


def bad_argument(detail: str, reason: str) -> SoapFaultError:
    """The fault for an argument that is not acceptable; `detail` is ONVIF's second subcode, such as `ter:NoProfile`."""
    return SoapFaultError("Sender", ("ter:InvalidArgVal", detail), reason)


def _bound(root: etree._Element) -> None:
    depth = count = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        if depth > DEPTH_MAX or count > ELEMENTS_MAX:
            raise malformed("too deep or too many elements")
