"""Which topics a subscriber wants: dialects Concrete (WS-Topics 1.3) and ConcreteSet (ONVIF Core Specification). Pure.

`tns1:RuleEngine//.` is a topic and all below it; `A|B` is either; prefixes stand for their namespaces.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from camera_sim.errors import SoapFaultError
from camera_sim.onvif import names

TOPICS = "http://www.onvif.org/ver10/topics"
EXPRESSIONS_MAX = 64
_EXPRESSION = re.compile(r"[\w.-]+:[\w.-]+(/([\w.-]+:)?[\w.-]+)*(//\.)?")


@dataclass(frozen=True, slots=True, kw_only=True)
class TopicFilter:
    """`topics`: names as the camera writes them (`tns1:…`), and whether all below is meant; empty: everything."""

    topics: tuple[tuple[str, bool], ...] = ()

    def covers(self, topic: str) -> bool:
        """Whether the topic is wanted."""
        if not self.topics:
            return True
        return any(topic == name or (below and topic.startswith(f"{name}/")) for name, below in self.topics)


def filter_of(wish: etree._Element | None) -> TopicFilter:
    """The filter in a `Filter` element. Raises SoapFaultError for what is not understood."""
    topics: list[tuple[str, bool]] = []
    for part in wish if wish is not None else ():
        kind = etree.QName(part).localname
        if kind != "TopicExpression":
            raise _invalid("wsnt:InvalidMessageContentExpressionFault", "only topics can be filtered by")
        if part.get("Dialect", names.CONCRETE_SET) not in (names.CONCRETE_SET, names.CONCRETE):
            raise _invalid("wsnt:TopicExpressionDialectUnknownFault", "this dialect is not spoken here")
        topics += [_topic(text.strip(), part.nsmap) for text in (part.text or "").split("|") if text.strip()]
        if len(topics) > EXPRESSIONS_MAX:
            raise _invalid("wsnt:InvalidTopicExpressionFault", "too many topics")
    return TopicFilter(topics=tuple(topics))


def _topic(text: str, prefixes: Mapping[str | None, str]) -> tuple[str, bool]:
    if not _EXPRESSION.fullmatch(text):
        raise _invalid("wsnt:InvalidTopicExpressionFault", "this is no topic expression")
    below = text.endswith("//.")
    parts: list[str] = []
    for part in text.removesuffix("//.").split("/"):
        prefix, _, name = part.rpartition(":")
        known = not prefix or prefixes.get(prefix) == TOPICS
        parts.append(f"tns1:{name}" if prefix and known and not parts else name if known else part)
    return "/".join(parts), below


def _invalid(subcode: str, reason: str) -> SoapFaultError:
    return SoapFaultError("Sender", (subcode,), reason)
