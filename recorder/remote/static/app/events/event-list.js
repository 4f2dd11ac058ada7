// <event-list>: events, the newest first, by day; each leads to its footage.

import { make, setText } from "../element.js";
import { clockTime, fullDate } from "../format.js";
import { t } from "../i18n.js";
import { dayName } from "../playback/times.js";
import { spanText } from "../playback/words.js";
import { pageAddress } from "../router.js";

const BEFORE_MS = 5_000; // playback begins a little earlier
const GLYPHS = { camera_lost: "⚠", disk: "⚠", clock: "⚠", licence: "×" };

export class EventList extends HTMLElement {
  #zone = "UTC";
  #nameOf = null;
  #items = new Map(); // by id: {event, item, what, length}

  /** `nameOf`: a camera's name by its id. */
  begin(zone, nameOf) {
    this.#zone = zone;
    this.#nameOf = nameOf;
    this.classList.add("event-list");
  }

  get count() {
    return this.#items.size;
  }

  has(id) {
    return this.#items.has(id);
  }

  clear() {
    this.#items.clear();
    this.replaceChildren();
  }

  /** Takes out what may no longer be shown. */
  keep(wanted) {
    for (const [id, { event, item }] of this.#items) {
      if (wanted(event)) continue;
      const day = item.parentElement;
      item.remove();
      if (!day.children.length) day.parentElement.remove();
      this.#items.delete(id);
    }
  }

  /** Adds an event at its place, or brings the one that is there up to date. */
  put(event) {
    const known = this.#items.get(event.id);
    if (known) {
      known.event = event;
      this.#draw(known);
      return;
    }
    const made = this.#made(event);
    this.#items.set(event.id, made);
    const rows = this.#day(Date.parse(event.start));
    const after = [...rows.children].find((row) => Number(row.dataset.id) < event.id);
    rows.insertBefore(made.item, after ?? null);
  }

  #day(ms) {
    const name = dayName(ms, this.#zone);
    const days = [...this.children];
    const known = days.find((day) => day.dataset.day === name);
    if (known) return known.querySelector("ol");
    const rows = make("ol", { class: "event-rows" });
    const title = make("h3", { id: `day-${name}` }, fullDate(ms, this.#zone));
    const day = make("section", { class: "event-day", "data-day": name, "aria-labelledby": title.id }, title, rows);
    this.insertBefore(day, days.find((other) => other.dataset.day < name) ?? null);
    return rows;
  }

  #made(event) {
    const startMs = Date.parse(event.start);
    const parts = { event, length: make("span", { class: "event-length numbers" }), detail: make("span", { class: "event-detail" }) };
    const words = make("span", { class: "event-words" },
      make("span", { class: "event-title" }, event.title),
      make("span", { class: "event-camera" }, event.camera ? this.#nameOf(event.camera) : t("events.recorder")),
      parts.detail);
    const when = make("span", { class: "event-when" },
      make("time", { datetime: event.start, class: "numbers" }, clockTime(startMs, this.#zone)), parts.length);
    const content = [picture(event), words, when];
    parts.item = make("li", { class: "event-item", "data-id": event.id, "data-kind": event.kind },
      event.camera
        ? make("a", { class: "event-link", href: pageAddress("playback", { camera: event.camera, t: new Date(startMs - BEFORE_MS).toISOString(), play: 1 }) }, ...content)
        : make("div", { class: "event-link" }, ...content));
    this.#draw(parts);
    return parts;
  }

  #draw({ event, item, length, detail }) {
    const ms = event.end ? Date.parse(event.end) - Date.parse(event.start) : null;
    setText(length, ms === null ? t("events.lasts") : ms >= 1000 ? spanText(ms) : "");
    setText(detail, event.detail);
    item.classList.toggle("is-lasting", ms === null);
  }
}

/** A picture of the event; where there is none, its place stays as it is. */
function picture(event) {
  const frame = make("span", { class: "event-picture", "aria-hidden": "true" }, GLYPHS[event.kind] ?? "●");
  if (event.camera && event.source !== "system") {
    const image = make("img", { alt: "", loading: "lazy", decoding: "async", width: 160, height: 90, src: `api/v1/events/${event.id}/thumbnail.jpg?absent=empty` });
    image.addEventListener("load", () => frame.classList.add("has-picture"));
    image.addEventListener("error", () => image.remove());
    frame.append(image);
  }
  return frame;
}
