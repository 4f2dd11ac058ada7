"""XML from cameras, which is to be trusted in nothing. Pure.

A document is UTF-8, DOCUMENT_BYTES_MAX at most, bounded in depth and in elements, and has no document type: no entity
is ever resolved and nothing is ever fetched. Elements are found by their local names: cameras disagree about prefixes,
and some about namespaces.
"""

from collections.abc import Iterator

from lxml import etree

from recorder.ingest.errors import ProtocolError

DOCUMENT_BYTES_MAX = 1 << 20
DEPTH_MAX = 48
ELEMENTS_MAX = 20_000
TEXT_CHARACTERS_MAX = 512
_FORBIDDEN = (b"<!DOCTYPE", b"<!ENTITY", b"<!ELEMENT", b"<!ATTLIST")

Element = etree._Element


def parse(data: bytes) -> Element:
    """The root. Raises ProtocolError."""
    if len(data) > DOCUMENT_BYTES_MAX:
        raise ProtocolError(f"The camera's answer has more than {DOCUMENT_BYTES_MAX >> 20} MiB.")
    if any(word in data for word in _FORBIDDEN):
        raise ProtocolError("The camera's answer has a document type, which is not accepted.")
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
    except (etree.XMLSyntaxError, ValueError):
        raise ProtocolError("The camera's answer is no well-formed XML.") from None
    depth = count = 0
    for event, _ in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        count += event == "start"
        if depth > DEPTH_MAX or count > ELEMENTS_MAX:
            raise ProtocolError("The camera's answer is too deep, or has too many elements.")
    return root


def local(element: Element) -> str:
    """The name without its namespace."""
    return etree.QName(element).localname


def children(element: Element | None, name: str) -> Iterator[Element]:
    """The direct children of that name."""
    if element is not None:
        yield from (child for child in element if local(child) == name)


def find(element: Element | None, path: str) -> Element | None:
    """The first descendant along names with `/` between; None if there is none, or no element."""
    for name in path.split("/"):
        element = next(children(element, name), None)
    return element


def text(element: Element | None, path: str = "") -> str:
    """The text there, stripped, of printable characters only, TEXT_CHARACTERS_MAX at most; empty if there is none."""
    found = find(element, path) if path else element
    if found is None or not found.text:
        return ""
    return "".join(letter for letter in found.text.strip()[:TEXT_CHARACTERS_MAX] if letter.isprintable())


def number(element: Element | None, path: str) -> int:
    """The whole number there; 0 if there is none."""
    digits = text(element, path).partition(".")[0]
    return int(digits) if digits.isascii() and digits.isdecimal() and len(digits) < 12 else 0


def truth(value: str) -> bool:
    """An `xs:boolean`."""
    return value.strip().lower() in ("true", "1")
