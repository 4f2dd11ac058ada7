// <site-nav>: the links to the pages; the one shown is marked.

import { session } from "./access/session.js";
import { make, setAttribute } from "./element.js";
import { t } from "./i18n.js";
import { PAGES } from "./pages.js";
import { pageAddress } from "./router.js";

export class SiteNav extends HTMLElement {
  #links = new Map();

  begin() {
    for (const { name, hidden, role } of PAGES) {
      if (!hidden && (!role || session.may(role))) this.#links.set(name, make("a", { href: pageAddress(name) }, t(`nav.${name}`)));
    }
    const items = [...this.#links.values()].map((link) => make("li", {}, link));
    this.replaceChildren(make("nav", { "aria-label": t("nav.title") }, make("ul", { class: "site-nav" }, ...items)));
    this.hidden = items.length < 2 || session.blocked;
  }

  /** Marks the page that is shown. */
  mark(shown) {
    for (const [name, link] of this.#links) setAttribute(link, "aria-current", name === shown ? "page" : null);
    this.#links.get(shown)?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }
}
