// <moment-list>: what the timeline shows, as a list of words: stretches, gaps with their reasons, events.

import { make } from "../element.js";
import { clockTime, dateTime } from "../format.js";
import { t } from "../i18n.js";
import { dayName } from "./times.js";
import { spanText } from "./words.js";

const ROWS_MAX = 200;
const GAP_MS_MIN = 1_000;

/** Event `seek` (detail: ms). */
export class MomentList extends HTMLElement {
  #told = "";

  /** lanes: as the timeline's; of [fromMs, toMs]. */
  show(lanes, fromMs, toMs, zone) {
    const rows = lanes.flatMap(({ name, map }) => rowsOf(map, fromMs, toMs).map((row) => ({ ...row, name: lanes.length > 1 ? name : "" })));
    rows.sort((a, b) => a.startMs - b.startMs);
    const shown = rows.slice(-ROWS_MAX);
    const told = JSON.stringify([shown, rows.length, fromMs < 0]);
    if (told === this.#told) return;
    this.#told = told;
    const days = new Set(shown.map(({ startMs }) => dayName(startMs, zone)));
    const time = days.size > 1 ? dateTime : clockTime;
    this.replaceChildren(
      shown.length
        ? make("ul", {}, ...shown.map((row) => make("li", {}, this.#row(row, (ms) => time(ms, zone)))))
        : make("p", { class: "panel-note" }, t("playback.list.empty")),
      ...(rows.length > ROWS_MAX ? [make("p", { class: "panel-note" }, t("playback.list.more", { count: rows.length - ROWS_MAX }))] : []),
    );
  }

  #row({ kind, startMs, endMs, words, name }, time) {
    const parts = [
      make("span", { class: "moment-time numbers" }, time(startMs)),
      make("span", { class: "moment-what" }, name ? t("playback.of", { name, what: words }) : words),
      make("span", { class: "moment-length numbers" }, Number.isFinite(endMs) && endMs > startMs ? spanText(endMs - startMs) : ""),
    ];
    if (kind === "gap") return make("p", { class: "moment", "data-kind": kind }, ...parts);
    const button = make("button", { type: "button", class: "moment", "data-kind": kind }, ...parts);
    button.addEventListener("click", () => this.dispatchEvent(new CustomEvent("seek", { detail: startMs })));
    return button;
  }
}

function rowsOf(map, fromMs, toMs) {
  const inside = ({ startMs, endMs }) => startMs < toMs && endMs > fromMs;
  const spans = map.spans.filter(inside).filter(({ state, startMs, endMs }) => state === "recorded" || endMs - startMs >= GAP_MS_MIN);
  return [
    ...spans.map(({ state, reason, startMs, endMs, growing }) => ({
      kind: state, startMs, endMs: growing ? Infinity : endMs,
      words: state === "recorded" ? t(growing ? "playback.recording" : "playback.recorded") : t(`playback.reason.${reason}`),
    })),
    ...map.entitlement.filter((span) => span.state === "lapsed" && inside(span)).map(({ startMs, endMs }) => ({
      kind: "lapse", startMs, endMs, words: t("playback.lapsed"),
    })),
    ...map.events.filter((event) => event.startMs < toMs && Math.max(event.endMs, event.startMs + 1) > fromMs).map((event) => ({
      kind: "event", startMs: event.startMs, endMs: event.endMs, words: event.title,
    })),
  ];
}
