// Which page is shown: `#/name?query` in the address. The page before is left, its signal aborted, before the next begins.

import { make } from "./element.js";
import { t } from "./i18n.js";
import { PAGES } from "./pages.js";

for (const { tag, element } of PAGES) customElements.define(tag, element);

/** The page that an address's hash names, with its query; the first page for anything else. Pure. */
export function wanted(hash) {
  const [path, query = ""] = hash.replace(/^#\/?/, "").split("?", 2);
  return { page: PAGES.find(({ name }) => name === path) ?? PAGES[0], query: new URLSearchParams(query) };
}

/** The address of a page: `pageAddress("playback", { camera: "cam1" })`. */
export const pageAddress = (name, query = {}) => {
  const text = new URLSearchParams(query).toString();
  return `#/${name}${text ? `?${text}` : ""}`;
};

export class Router {
  #site;
  #main;
  #shown;
  #leaving = null;

  /** `main` holds the page; `shown` is told the name of each page that is shown. */
  constructor(site, main, shown) {
    this.#site = site;
    this.#main = main;
    this.#shown = shown;
    addEventListener("hashchange", () => this.#show(true));
    this.#show(false);
  }

  #show(moved) {
    const { page, query } = wanted(location.hash);
    this.#leaving?.abort();
    this.#leaving = new AbortController();
    const element = make(page.tag);
    this.#main.replaceChildren(element);
    document.title = `${t(`nav.${page.name}`)} · ${t("app.title")}`;
    this.#shown(page.name);
    element.begin(this.#site, query, this.#leaving.signal);
    if (moved) this.#main.focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}
