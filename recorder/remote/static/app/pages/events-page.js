// <events-page>: what has happened, and what happens. `?camera=ID&kind=KIND&span=day` or `&from=INSTANT&to=INSTANT`.
//
// What is being read never moves: new events come in by themselves only at the very top of the list with nobody on it, else
// they wait behind a button. While nothing may be told (M8) the page says why, and comes back by itself.

import { make, setText } from "../element.js";
import { EventFeed } from "../events/event-feed.js";
import { EventFilter } from "../events/event-filter.js";
import { EventList } from "../events/event-list.js";
import { language, t } from "../i18n.js";
import { pageAddress } from "../router.js";

for (const [name, element] of Object.entries({ "event-filter": EventFilter, "event-list": EventList })) customElements.define(name, element);

const PAGE_EVENTS = 50;
const TOP_PIXELS = 8;
const WAITING_MAX = 500;

export class EventsPage extends HTMLElement {
  #site = null;
  #signal = null;
  #feed = null;
  #before = null;
  #hasPage = false;
  #asked = 0;
  #waiting = new Map();
  #denied = "";
  #parts = {};

  begin(site, query, signal) {
    this.#site = site;
    this.#signal = signal;
    const start = () => {
      site.removeEventListener("state", start);
      if (!signal.aborted) this.#start(query);
    };
    if (site.state) start();
    else site.addEventListener("state", start, { signal });
  }

  #start(query) {
    const { device, cameras } = this.#site.state;
    const p = (this.#parts = {
      filter: make("event-filter"),
      list: make("event-list"),
      partly: make("p", { class: "events-partly", hidden: true }),
      denied: make("div", { class: "events-denied", role: "status", hidden: true }),
      news: make("button", { type: "button", class: "events-news", hidden: true }),
      empty: make("p", { class: "events-empty", hidden: true }),
      more: make("button", { type: "button", class: "button events-more", hidden: true }, t("events.more")),
      said: make("p", { class: "visually-hidden", role: "status" }),
    });
    this.replaceChildren(
      make("section", { class: "page events", "aria-labelledby": "events-title" },
        make("h2", { id: "events-title", class: "page-title" }, t("nav.events")), p.filter, p.partly, p.denied,
        make("div", { class: "events-news-place" }, p.news), p.list, p.empty, p.more, p.said));
    p.filter.begin(cameras, query, this.#site.nowMs(), device.time_zone);
    p.list.begin(device.time_zone, (id) => this.#site.state.cameras.find((camera) => camera.id === id)?.name || id);
    p.filter.addEventListener("change", () => this.#changed());
    p.more.addEventListener("click", () => this.#load(this.#before));
    p.news.addEventListener("click", () => this.#showNews());
    addEventListener("scroll", () => this.#isAtTop() && this.#showNews(), { signal: this.#signal, passive: true });
    this.#site.addEventListener("state", () => this.#look(), { signal: this.#signal });
    const handlers = { opened: () => this.#anew(), told: (event) => this.#take(event), ended: () => this.#end() };
    this.#feed = new EventFeed(handlers, this.#signal);
    this.#look();
  }

  /** What the licences allow now. */
  #look() {
    const row = this.#site.state.features.find(({ id }) => id === "M8");
    this.#feed.allowed(row.allowed);
    const denied = row.denied_cameras.join();
    if (denied === this.#denied) return;
    const back = row.denied_cameras.length < this.#denied.split(",").filter(Boolean).length;
    this.#denied = denied;
    const { list, partly } = this.#parts;
    const mayShow = ({ camera }) => !camera || !row.denied_cameras.includes(camera);
    list.keep(mayShow);
    for (const [id, event] of this.#waiting) if (!mayShow(event)) this.#waiting.delete(id);
    const names = this.#site.state.cameras.filter(({ id }) => row.denied_cameras.includes(id)).map(({ id, name }) => name || id);
    partly.hidden = !row.allowed || !names.length;
    setText(partly, t("events.partly", { names: names.join(t("events.and")) }));
    if (back && row.allowed && this.#feed.problem === null) this.#anew();
    else this.#tell();
  }

  #changed() {
    history.replaceState(null, "", pageAddress("events", this.#parts.filter.query()));
    if (this.#feed.problem === null) this.#anew(true);
  }

  /** Looks at the newest page again; what is shown already stays where it is, unless other events are wanted. */
  #anew(other = false) {
    const { denied, list } = this.#parts;
    denied.hidden = true;
    if (other) {
      this.#waiting.clear();
      list.clear();
      this.#hasPage = false;
    }
    this.#load(null);
  }

  async #load(before) {
    const asked = before === null ? ++this.#asked : this.#asked;
    const { list, filter, more } = this.#parts;
    more.disabled = true;
    const query = new URLSearchParams({ ...filter.wanted(this.#site.nowMs()), limit: PAGE_EVENTS, lang: language() });
    if (before !== null) query.set("before", before);
    let page = null;
    try {
      const answer = await fetch(`api/v1/events?${query}`, { signal: this.#signal });
      page = answer.ok ? await answer.json() : null;
    } catch {
      // The feed reconnects, and has the page asked for again.
    }
    if (this.#signal.aborted || asked !== this.#asked || this.#feed.problem !== null) return;
    more.disabled = false;
    if (!page) return;
    if (before === null && this.#hasPage && !page.events.some(({ id }) => list.has(id))) {
      list.clear(); // nothing joins: too much has happened meanwhile
      this.#hasPage = false;
    }
    if (before !== null || !this.#hasPage) this.#before = page.before;
    this.#hasPage = true;
    for (const event of page.events) {
      this.#waiting.delete(event.id);
      list.put(event);
    }
    this.#tell();
  }

  /** An event of now: one that is listed is brought up to date in its place. */
  #take(event) {
    const { list, filter } = this.#parts;
    if (list.has(event.id)) list.put(event);
    else if (filter.takes(event)) {
      this.#waiting.set(event.id, event);
      if (this.#waiting.size > WAITING_MAX) this.#waiting.delete(this.#waiting.keys().next().value);
      if (this.#isAtTop() && !list.matches(":hover, :focus-within")) this.#showNews(false);
    }
    this.#tell();
  }

  #showNews(asked = true) {
    if (!this.#waiting.size) return;
    for (const event of this.#waiting.values()) this.#parts.list.put(event);
    this.#waiting.clear();
    if (asked && this.#parts.news.matches(":focus")) this.#parts.list.querySelector("a")?.focus({ preventScroll: true });
    if (asked) scrollTo(0, 0);
    this.#tell();
  }

  #end() {
    const { list, denied, news, more, partly } = this.#parts;
    this.#waiting.clear();
    this.#before = null;
    this.#hasPage = false;
    list.clear();
    const { problem } = this.#feed;
    denied.replaceChildren(
      make("strong", {}, `× ${problem?.title ?? t("events.denied")}`),
      make("span", {}, t("events.denied.what")),
      ...(problem?.remedy ? [make("span", {}, problem.remedy)] : []));
    denied.hidden = false;
    for (const part of [news, more, partly]) part.hidden = true;
    this.#tell();
  }

  #tell() {
    const { list, news, more, empty, filter, denied, said } = this.#parts;
    const count = this.#waiting.size;
    news.hidden = count === 0;
    setText(news, t("events.news", { count: count === WAITING_MAX ? `${count}+` : count }));
    setText(said, count ? news.textContent : "");
    more.hidden = this.#before === null || !list.count;
    empty.hidden = list.count > 0 || count > 0 || !denied.hidden || this.#asked === 0;
    setText(empty, t(filter.narrows ? "events.none.filtered" : "events.none"));
  }

  #isAtTop() {
    return scrollY < TOP_PIXELS;
  }
}
