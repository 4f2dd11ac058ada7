"""The portal says the same in both languages, and no page asks for words that are not there."""

import json
import re
import string
from pathlib import Path

import gate.service.portal.portal
from gate.licence.facts import FACTS
from gate.service.portal.history_pages import GROUPS
from gate.service.portal.page import MENUS
from gate.service.portal.terms import SECTIONS
from gate.signing.witness import Alarm

PORTAL = Path(gate.service.portal.portal.__file__).parent
SERVICE = PORTAL.parent
CATALOGUES = {name: json.loads((PORTAL / "locale" / f"{name}.json").read_text()) for name in ("ja", "en")}
JAPANESE = CATALOGUES["ja"]
TEMPLATES = "\n".join(path.read_text() for path in sorted((PORTAL / "templates").glob("*.j2")))
MODULES = "\n".join(path.read_text() for path in sorted(PORTAL.glob("*.py")))
FAMILIES = ("recorder_sign_in.role.", "action.", "alarm.", "error.",
"fact.", "form.", "history.csv.", "history.group.", "kind.", "letter.",
            "mail.state.", "matrix.", "menu.", "notice.", "origin.", "password.origin.", "role.", "state.", "terms.",
            "customers.added.")  # fmt: skip
"""Keys that are put together; each family is looked at below."""


def test_both_catalogues_have_the_same_keys_in_the_same_order() -> None:
    assert list(JAPANESE) == list(CATALOGUES["en"])


def test_both_texts_of_a_key_take_the_same_values() -> None:
    for key, text in JAPANESE.items():
        assert _values(text) == _values(CATALOGUES["en"][key]), key


def test_no_text_is_empty_or_left_in_the_other_language() -> None:
    for key in JAPANESE:
        assert JAPANESE[key].strip() and CATALOGUES["en"][key].strip(), key
        if key not in ("nav.other_language",):
            assert not re.search(r"[぀-ヿ一-鿿]", CATALOGUES["en"][key]), key


def test_every_key_that_pages_name_is_there() -> None:
    named = set(re.findall(r"""\bt\(["']([a-z_]+\.[\w.-]+)["'][,)]""", TEMPLATES))
    named |= set(re.findall(r"""\bwords\(\s*"([a-z_]+\.[\w.]+)"[,)]""", MODULES))
    named |= {f"notice.{name}" for name in re.findall(r"""done="([a-z_]+)""", MODULES)}
    assert len(named) > 250 and named - set(JAPANESE) == set()


def test_every_key_is_used() -> None:
    source = TEMPLATES + MODULES
    unused = {key for key in JAPANESE if f'"{key}"' not in source and f"'{key}'" not in source}
    assert {key for key in unused if not key.startswith(FAMILIES)} == set()


def test_every_family_of_keys_is_whole() -> None:
    assert _family("fact.") >= {kind.__name__ for kind in FACTS}
    assert _family("history.group.") == {"all", *GROUPS}
    assert _family("menu.") == {entry for menu in MENUS.values() for entry in menu}
    assert _family("alarm.") == {alarm.value for alarm in Alarm}
    assert {kind for kinds in GROUPS.values() for kind in kinds} == set(FACTS)
    assert {f"{number}.title" for number in range(1, SECTIONS + 1)} <= _family("terms.")
    assert _family("matrix.") >= {f"M{number}" for number in range(1, 10)}
    assert _family("role.") == {*MENUS}


def test_every_action_of_the_audit_has_a_name() -> None:
    modules = [path for folder in ("operations", "access", "jobs") for path in (SERVICE / folder).glob("*.py")]
    actions = {
        action
        for path in [*modules, SERVICE / "desk.py"]
        for action in re.findall(r'"([a-z_]+\.[a-z_]+)"', path.read_text())
        if not action.endswith((".id", ".yaml"))
    }
    assert len(actions) > 25 and actions - _family("action.") == set()


def _family(prefix: str) -> set[str]:
    return {key.removeprefix(prefix) for key in JAPANESE if key.startswith(prefix)}


def _values(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}
