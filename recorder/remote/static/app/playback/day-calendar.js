// <day-calendar>: a month with a dot at each day that has footage. A day chosen is an event `day` (detail: its midnight).

import { make, setAttribute, setText } from "../element.js";
import { fullDate } from "../format.js";
import { t } from "../i18n.js";
import { cameraPath } from "./footage-map.js";
import { dayName, instantOf, partsOf, two } from "./times.js";
import { firstWeekday, monthName, weekdayNames } from "./words.js";

const FRESH_MS = 60_000;

export class DayCalendar extends HTMLElement {
  #zone = "UTC";
  #cameras = [];
  #signal = null;
  #month = [2000, 1];
  #chosen = "";
  #today = "";
  #known = new Map();
  #parts = {};

  begin(zone, signal) {
    this.#zone = zone;
    this.#signal = signal;
    const turn = (by, key, sign) => {
      const button = make("button", { type: "button", class: "calendar-turn", "aria-label": t(key) }, sign);
      button.addEventListener("click", () => this.#turn(by));
      return button;
    };
    this.#parts = { title: make("h3", { "aria-live": "polite" }), days: make("div", { class: "calendar-days" }) };
    const names = make("div", { class: "calendar-names", "aria-hidden": "true" }, ...weekdayNames().map((name) => make("span", {}, name)));
    this.replaceChildren(
      make("div", { class: "calendar-head" }, turn(-1, "playback.month.previous", "‹"), this.#parts.title, turn(1, "playback.month.next", "›")),
      names, this.#parts.days,
    );
  }

  set cameras(cameras) {
    this.#cameras = cameras;
    this.#show();
  }

  /** Marks the day of an instant, and turns to its month when that day is another one. */
  choose(ms, nowMs) {
    const chosen = dayName(ms, this.#zone);
    const today = dayName(nowMs, this.#zone);
    if (chosen === this.#chosen && today === this.#today) return;
    if (chosen !== this.#chosen) this.#month = partsOf(ms, this.#zone).slice(0, 2);
    this.#chosen = chosen;
    this.#today = today;
    this.#show();
  }

  /** Forgets what is known: a licence has come or gone. */
  forget() {
    this.#known.clear();
  }

  #turn(by) {
    const date = new Date(Date.UTC(this.#month[0], this.#month[1] - 1 + by, 1));
    this.#month = [date.getUTCFullYear(), date.getUTCMonth() + 1];
    this.#show();
  }

  #show() {
    this.#draw();
    const [year, month] = this.#month;
    for (const camera of this.#cameras) this.#load(camera, `${year}-${two(month)}`);
  }

  async #load(camera, month) {
    const key = `${camera} ${month}`;
    if (Date.now() - (this.#known.get(key)?.at ?? 0) < FRESH_MS) return;
    const before = this.#known.get(key)?.days ?? [];
    this.#known.set(key, { at: Date.now(), days: before });
    try {
      const answer = await fetch(`${cameraPath(camera)}/days?month=${month}`, { signal: this.#signal });
      if (!answer.ok) return;
      this.#known.set(key, { at: Date.now(), days: (await answer.json()).days });
      this.#draw();
    } catch {
      this.#known.delete(key); // asked again when the month is shown again
    }
  }

  #draw() {
    const [year, month] = this.#month;
    const name = `${year}-${two(month)}`;
    const footage = new Set(this.#cameras.flatMap((camera) => this.#known.get(`${camera} ${name}`)?.days ?? []));
    setText(this.#parts.title, monthName(instantOf([year, month, 15, 12], this.#zone), this.#zone));
    const blank = (new Date(Date.UTC(year, month - 1, 1)).getUTCDay() + 7 - firstWeekday()) % 7;
    const count = new Date(Date.UTC(year, month, 0)).getUTCDate();
    const buttons = Array.from({ length: count }, (_, index) => this.#day([year, month, index + 1], footage, blank));
    const focused = this.#parts.days.contains(document.activeElement) ? document.activeElement.dataset.day : null;
    this.#parts.days.replaceChildren(...buttons);
    if (focused) this.#parts.days.querySelector(`[data-day="${focused}"]`)?.focus();
  }

  #day(date, footage, blank) {
    const [year, month, day] = date;
    const name = `${year}-${two(month)}-${two(day)}`;
    const ms = instantOf(date, this.#zone);
    const has = footage.has(name);
    const label = `${fullDate(ms, this.#zone)} ${t(has ? "playback.recorded" : "playback.nothing")}`;
    const button = make("button", { type: "button", class: "calendar-day", "data-day": name, "aria-label": label }, String(day));
    if (has) button.classList.add("has-footage");
    if (day === 1) button.dataset.column = String(blank + 1);
    setAttribute(button, "aria-current", name === this.#today ? "date" : null);
    setAttribute(button, "aria-pressed", String(name === this.#chosen));
    button.addEventListener("click", () => this.dispatchEvent(new CustomEvent("day", { detail: ms })));
    return button;
  }
}
