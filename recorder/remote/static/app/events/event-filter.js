// <event-filter>: which events are wanted: camera, kind, time. Event `change` when that is another one.

import { make } from "../element.js";
import { t } from "../i18n.js";
import { instantOf, partsOf, two } from "../playback/times.js";

const KINDS = [
  "person", "vehicle", "motion", "animal", "face", "package", "visitor", "line", "zone", "sound", "input",
  "tamper", "scene_change", "dark", "bright", "blurred", "camera_lost", "disk", "clock", "licence",
];
const HOURS = { hour: 1, day: 24, week: 168 };
const SPANS = ["all", ...Object.keys(HOURS), "chosen"];

export class EventFilter extends HTMLElement {
  #zone = "UTC";
  #parts = {};

  /** `query`: as `query()` gives it. */
  begin(cameras, query, nowMs, zone) {
    this.#zone = zone;
    const from = Date.parse(query.get("from") ?? "");
    const to = Date.parse(query.get("to") ?? "");
    const chosen = !Number.isNaN(from) || !Number.isNaN(to);
    const span = chosen ? "chosen" : query.get("span");
    this.#parts = {
      camera: select("camera", [["", t("events.camera.all")], ...cameras.map(({ id, name }) => [id, name || id])], query.get("camera")),
      kind: select("kind", [["", t("events.kind.all")], ...KINDS.map((kind) => [kind, t(`kind.${kind}`)])], query.get("kind")),
      span: select("span", SPANS.map((name) => [name, t(`span.${name}`)]), span),
      from: make("input", { id: "event-from", type: "datetime-local", value: this.#local(chosen ? from : nowMs - 86_400_000) }),
      to: make("input", { id: "event-to", type: "datetime-local", value: this.#local(chosen ? to : nowMs) }),
    };
    const p = this.#parts;
    const row = (key, control, kind) => make("div", { class: `field ${kind ?? ""}` }, make("label", { for: control.id }, t(key)), control);
    const form = make("form", { class: "event-filter" },
      row("events.camera", p.camera), row("events.kind", p.kind), row("events.span", p.span),
      row("events.from", p.from, "event-time"), row("events.to", p.to, "event-time"));
    form.addEventListener("change", (event) => {
      event.stopPropagation();
      this.#show();
      this.dispatchEvent(new Event("change"));
    });
    form.addEventListener("submit", (event) => event.preventDefault());
    this.replaceChildren(form);
    this.#show();
  }

  /** What is chosen, as the page's address keeps it. */
  query() {
    const { camera, kind, span } = this.#parts;
    const found = {};
    if (camera.value) found.camera = camera.value;
    if (kind.value) found.kind = kind.value;
    if (span.value === "chosen") Object.assign(found, this.#chosen());
    else if (span.value !== "all") found.span = span.value;
    return found;
  }

  /** The same as the recorder is asked; a span counts from now. */
  wanted(nowMs) {
    const { span, ...found } = this.query();
    if (span) found.from = new Date(nowMs - HOURS[span] * 3_600_000).toISOString();
    return found;
  }

  /** Whether an event that happens now is one of them. */
  takes(event) {
    const { camera, kind, from, to } = this.query();
    const start = Date.parse(event.start);
    return (!camera || event.camera === camera) && (!kind || event.kind === kind)
      && (!to || start < Date.parse(to)) && (!from || !event.end || Date.parse(event.end) >= Date.parse(from));
  }

  /** Whether anything is left out. */
  get narrows() {
    return Object.keys(this.query()).length > 0;
  }

  #chosen() {
    const found = {};
    const from = this.#instant(this.#parts.from.value);
    const to = this.#instant(this.#parts.to.value);
    if (from !== null) found.from = new Date(from).toISOString();
    if (to !== null && (from === null || to > from)) found.to = new Date(to).toISOString();
    return found;
  }

  #show() {
    for (const field of this.querySelectorAll(".event-time")) field.hidden = this.#parts.span.value !== "chosen";
  }

  #local(ms) {
    if (Number.isNaN(ms)) return "";
    const [year, month, day, hour, minute] = partsOf(ms, this.#zone);
    return `${year}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}`;
  }

  #instant(text) {
    const parts = text.split(/[-T:]/).map(Number);
    return text && parts.every((part) => !Number.isNaN(part)) ? instantOf(parts, this.#zone) : null;
  }
}

function select(name, options, chosen) {
  const made = make("select", { id: `event-${name}`, name }, ...options.map(([value, text]) => make("option", { value, selected: value === chosen }, text)));
  if (made.selectedIndex < 0) made.selectedIndex = 0;
  return made;
}
