"""Pages as answers: the template filled in, with the menu of whoever looks at it."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from aiohttp import web

from gate.service.portal.site import Visit, new_key

PARTNER_MENU = ("customers", "licences", "history", "secondary-partners", "mails", "audit", "account")
MENUS: dict[str, Sequence[str]] = {
    "operator": ("partners", "audit", "account"),
    "partner": PARTNER_MENU,
    "secondary": tuple(entry for entry in PARTNER_MENU if entry != "secondary-partners"),
    "customer": ("cameras", "pool", "devices", "shared-users", "history", "mails", "audit", "account"),
    "shared": ("cameras", "account"),
    "proxy": ("cameras", "pool", "devices"),
}
"""The first entry is a role's home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class MenuEntry:
    """`text`: its key in the catalogue."""

    path: str
    text: str
    current: bool


def page(
    visit: Visit, template: str, *, status: int = 200, section: str = "", with_menu: bool = True, **context: object
) -> web.Response:
    """The page of a template. `section`: which entry of the menu it belongs to."""
    done = visit.query.get("done", "")
    text = visit.site.rendering.page(
        f"{template}.html.j2",
        visit.language,
        {
            "viewer": visit.viewer,
            "menu": _menu(visit, section) if with_menu else (),
            "form_token": visit.form_token,
            "new_key": new_key,
            "notice": done if visit.words.has(f"notice.{done}") else "",
            "switch_language": _switched(visit),
            "now": visit.now,
            "form": None,
            **context,
        },
    )
    headers = {"Content-Language": visit.language, "Vary": "Accept-Language, Cookie"}
    return web.Response(text=text, status=status, content_type="text/html", headers=headers)


def error_page(visit: Visit, *, status: int, title: str, text: str) -> web.Response:
    """A page that says what went wrong and what to do."""
    return page(visit, "error", status=status, error_title=title, error_text=text, with_menu=visit.viewer is not None)


def home_of(visit: Visit) -> str:
    """Where the viewer begins."""
    return f"/{MENUS[visit.viewer.role_word][0]}" if visit.viewer else "/sign-in"


def _menu(visit: Visit, section: str) -> tuple[MenuEntry, ...]:
    if visit.viewer is None:
        return ()
    return tuple(
        MenuEntry(path=f"/{entry}", text=f"menu.{entry}", current=entry == section)
        for entry in MENUS[visit.viewer.role_word]
    )


def _switched(visit: Visit) -> str:
    """The same page in the other language, by its parameters alone: an address beginning with `//` would name another
    site."""
    other = "en" if visit.language == "ja" else "ja"
    query = {name: value for name, value in visit.query.items() if name not in ("lang", "done")}
    return f"?{urlencode({**query, 'lang': other})}"
