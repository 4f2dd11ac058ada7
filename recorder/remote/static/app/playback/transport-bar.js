// <transport-bar>: play, step, speed, sound, jump to a time, marks. It shows the conductor's state and moves nothing else.

import { make, setAttribute, setText } from "../element.js";
import { fullDate } from "../format.js";
import { t } from "../i18n.js";
import { SPEEDS } from "./conductor.js";
import { parseTyped } from "./times.js";
import { exactTime } from "./words.js";

const ICONS = {
  play: "M7 4.5v15l13-7.5z", pause: "M6 4.5h4v15H6zM14 4.5h4v15h-4z", reverse: "M17 4.5v15L4 12z",
  back: "M18 5v14L8.5 12zM5 5h2.5v14H5z", forward: "M6 5v14l9.5-7zM16.5 5H19v14h-2.5z",
  sound: "M4 9v6h4l5 4V5L8 9zm12.5 3a4 4 0 0 0-2-3.5v7a4 4 0 0 0 2-3.5z", silent: "M4 9v6h4l5 4V5L8 9zm11.6.4 1.4-1.4 2 2 2-2 1.4 1.4-2 2 2 2-1.4 1.4-2-2-2 2-1.4-1.4 2-2z",
};

/** Events: `play`, `reverse`, `step` (detail ±1), `speed` (detail), `sound`, `seek` (detail ms), `mark` (detail 0 or 1), `unmark`. */
export class TransportBar extends HTMLElement {
  #zone = "UTC";
  #nearMs = 0;
  #parts = {};

  begin(zone) {
    this.#zone = zone;
    const button = (name, icon, event, detail) => {
      const made = make("button", { type: "button", class: `transport-button is-${name}`, "aria-label": t(`playback.${name}`), title: t(`playback.${name}.key`) }, picture(icon));
      made.addEventListener("click", () => this.#tell(event, detail));
      return made;
    };
    const p = (this.#parts = {
      reverse: button("reverse", "reverse", "reverse"),
      back: button("back", "back", "step", -1),
      play: button("play", "play", "play"),
      forward: button("forward", "forward", "step", 1),
      sound: button("sound", "silent", "sound"),
      time: make("time", { class: "transport-time" }),
      date: make("span", { class: "transport-date" }),
      speed: this.#speeds(),
      typed: make("input", { id: "typed-time", type: "text", autocomplete: "off", spellcheck: "false", enterkeyhint: "go", placeholder: t("playback.typed.example"), "aria-describedby": "typed-error" }),
      error: make("p", { id: "typed-error", class: "transport-error", role: "alert" }),
      marks: [0, 1].map((which) => this.#mark(which)),
      unmark: make("button", { type: "button", class: "button", hidden: true }, t("playback.unmark")),
      range: make("a", { class: "button is-main", hidden: true }, t("playback.export")),
    });
    const form = make("form", { class: "transport-typed" },
      make("label", { for: "typed-time" }, t("playback.typed")), p.typed,
      make("button", { type: "submit", class: "button" }, t("playback.go")), p.error);
    form.addEventListener("submit", (event) => this.#jump(event));
    p.unmark.addEventListener("click", () => this.#tell("unmark"));
    this.replaceChildren(
      make("div", { class: "transport-now" }, p.date, p.time),
      make("div", { class: "transport-buttons", role: "group", "aria-label": t("playback.controls") }, p.reverse, p.back, p.play, p.forward, p.sound),
      make("label", { class: "transport-speed" }, make("span", {}, t("playback.speed")), p.speed),
      form,
      make("div", { class: "transport-marks", role: "group", "aria-label": t("playback.marks") }, ...p.marks, p.unmark, p.range),
    );
  }

  /** `hasSound`: whether there is any to hear. `range`: the address for the marked stretch, or null. */
  show({ atMs, playing, rate, sound, hasSound, marks, range }) {
    const p = this.#parts;
    this.#nearMs = atMs;
    setText(p.time, exactTime(atMs, this.#zone));
    setAttribute(p.time, "datetime", new Date(atMs).toISOString());
    setText(p.date, fullDate(atMs, this.#zone));
    this.#label(p.play, playing && rate > 0 ? "pause" : "play", playing && rate > 0 ? "pause" : "play");
    setAttribute(p.reverse, "aria-pressed", String(playing && rate < 0));
    this.#label(p.sound, sound ? "sound.off" : "sound", sound ? "sound" : "silent");
    p.sound.hidden = !hasSound;
    if (Number(p.speed.value) !== Math.abs(rate)) p.speed.value = String(Math.abs(rate));
    p.marks.forEach((button, which) => {
      setAttribute(button, "aria-pressed", String(marks[which] !== null));
      setText(button.lastChild, marks[which] === null ? t(`playback.mark.${which}`) : exactTime(marks[which], this.#zone).slice(0, 8));
    });
    p.unmark.hidden = marks.every((ms) => ms === null);
    p.range.hidden = range === null;
    if (range !== null) setAttribute(p.range, "href", range);
  }

  /** Puts the caret into the field for a time. */
  focusTyped() {
    this.#parts.typed.focus();
    this.#parts.typed.select();
  }

  #label(button, name, icon) {
    setAttribute(button, "aria-label", t(`playback.${name}`));
    setAttribute(button, "title", t(`playback.${name}.key`));
    setAttribute(button.querySelector("path"), "d", ICONS[icon]);
  }

  #speeds() {
    const select = make("select", {}, ...SPEEDS.map((speed) => make("option", { value: speed }, `${speed}×`)));
    select.value = "1";
    select.addEventListener("change", () => this.#tell("speed", Number(select.value)));
    return select;
  }

  #mark(which) {
    const button = make("button", { type: "button", class: "button", title: t(`playback.mark.${which}.key`) },
      make("span", { "aria-hidden": "true" }, which ? "⟧ " : "⟦ "), make("span", { class: "numbers" }));
    button.addEventListener("click", () => this.#tell("mark", which));
    return button;
  }

  #jump(event) {
    event.preventDefault();
    const { typed, error } = this.#parts;
    const ms = parseTyped(typed.value, this.#nearMs, this.#zone);
    setText(error, ms === null ? t("playback.typed.wrong") : "");
    setAttribute(typed, "aria-invalid", ms === null ? "true" : null);
    if (ms !== null) this.#tell("seek", ms);
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

function picture(icon) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  path.setAttribute("d", ICONS[icon]);
  svg.append(path);
  return svg;
}
