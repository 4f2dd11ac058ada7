// <time-slider>: the site's time among months, terms and their ends. It moves forward only.

import { make, setAttribute, setText } from "/static/app/element.js";
import { domainOf, monthsOf, shareOf, stretchesOf } from "./time-scale.js";
import { say } from "./words.js";

const WIDTH = 1000;
const HEIGHT = 40;
const SETTLE_MS = 700;
const DAY_MS = 86_400_000;
const NEAR_END = 0.96; // a word that begins further to the right has no room
const SVG = "http://www.w3.org/2000/svg";

export class TimeSlider extends HTMLElement {
  #parts = null;
  #domain = null;
  #drawn = "";
  #nowMs = 0;
  #held = false;
  #target = null;
  #settle = 0;

  /** moved(ms): somebody wants the site's time to be this. dayOf(ms): an instant in words. */
  begin(moved, dayOf) {
    const range = make("input", { type: "range", class: "slider-range", step: String(DAY_MS), id: "slider" });
    const svg = document.createElementNS(SVG, "svg");
    svg.setAttribute("viewBox", `0 0 ${WIDTH} ${HEIGHT}`);
    svg.setAttribute("preserveAspectRatio", "none");
    svg.setAttribute("aria-hidden", "true");
    this.#parts = {
      range, svg,
      label: make("label", { for: "slider", class: "slider-name" }),
      bubble: make("output", { class: "slider-bubble", for: "slider" }),
      months: make("div", { class: "slider-months", "aria-hidden": "true" }),
      marks: make("div", { class: "slider-marks", "aria-hidden": "true" }),
      key: make("ul", { class: "slider-key" }),
    };
    const p = this.#parts;
    this.replaceChildren(
      make("div", { class: "slider-head" }, p.label, p.bubble, p.key),
      make("div", { class: "slider-track" }, p.marks, svg, range),
      p.months,
    );
    range.addEventListener("input", () => this.#wanted(dayOf));
    for (const [event, held] of [["pointerdown", true], ["pointerup", false], ["pointercancel", false]]) {
      range.addEventListener(event, () => {
        this.#held = held;
        if (!held) this.#soon(moved);
      });
    }
    range.addEventListener("change", () => this.#soon(moved));
  }

  /** Draws terms, ends and time. */
  update({ terms, ends, nowMs, zone, words, dayOf, locale }) {
    this.#nowMs = nowMs;
    const p = this.#parts;
    const grown = this.#domain && nowMs > this.#domain.to - DAY_MS;
    const drawn = JSON.stringify([terms, ends, zone, words, grown]);
    if (drawn !== this.#drawn && !this.#held) {
      this.#drawn = drawn;
      this.#domain = domainOf(terms, ends, nowMs);
      this.#paint(terms, ends, zone, locale);
      setText(p.label, say("slider.name"));
    }
    if (this.#target === null) p.range.value = String(nowMs);
    setAttribute(p.range, "aria-valuetext", dayOf(this.#target ?? nowMs));
    this.style.setProperty("--now", String(shareOf(this.#domain, this.#target ?? nowMs)));
    setText(p.bubble, this.#target === null ? dayOf(nowMs) : say("slider.to", { day: dayOf(this.#target) }));
    setAttribute(p.bubble, "data-tone", this.#target === null ? "calm" : "wish");
  }

  #wanted(dayOf) {
    const { range, bubble } = this.#parts;
    const wish = Number(range.value);
    this.#target = Math.max(wish, this.#nowMs);
    if (wish < this.#nowMs) range.value = String(this.#nowMs);
    setText(bubble, say("slider.to", { day: dayOf(this.#target) }));
    this.style.setProperty("--now", String(shareOf(this.#domain, this.#target)));
  }

  /** When it has been left alone for a moment: keys come one after another. */
  #soon(moved) {
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => {
      if (this.#held) return;
      const target = this.#target;
      this.#target = null;
      if (target !== null && target > this.#nowMs + 1000) moved(target);
    }, SETTLE_MS);
  }

  #paint(terms, ends, zone, locale) {
    const p = this.#parts;
    const domain = this.#domain;
    p.range.min = String(domain.from);
    p.range.max = String(domain.to);
    p.svg.replaceChildren(
      ...stretchesOf(terms, domain).map(({ kind, from, to }) => {
        const x = shareOf(domain, from) * WIDTH;
        return shape("rect", { class: `stretch is-${kind}`, x, y: 0, width: shareOf(domain, to) * WIDTH - x, height: HEIGHT });
      }),
      ...monthsOf(domain, zone).map(({ at }) => {
        const x = shareOf(domain, at) * WIDTH;
        return shape("line", { class: "month-line", x1: x, x2: x, y1: 0, y2: HEIGHT });
      }),
    );
    const name = new Intl.DateTimeFormat(locale, { timeZone: "UTC", month: "short" });
    p.months.replaceChildren(
      ...monthsOf(domain, zone).filter((one) => one.label && shareOf(domain, one.at) < NEAR_END).map(({ at, month, year }) =>
        placed(make("span", { class: month === 1 ? "is-year" : "" }, month === 1 ? String(year) : name.format(at)), shareOf(domain, at))),
    );
    p.marks.replaceChildren(...ends.map((at) => placed(make("span", { class: shareOf(domain, at) > NEAR_END ? "mark is-last" : "mark" }, "X"), shareOf(domain, at))));
    p.key.replaceChildren(...["free", "paid", "lapsed"].map((kind) => make("li", { class: `is-${kind}` }, say(`slider.${kind}`))));
  }
}

function shape(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, String(value));
  return element;
}

function placed(element, share) {
  element.style.setProperty("--at", String(share));
  return element;
}
