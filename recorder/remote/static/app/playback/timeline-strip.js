// <timeline-strip>: a slider over days or seconds. Wheel and pinch zoom, a drag moves it, a click goes there.

import { make, setAttribute, setText } from "../element.js";
import { clockTime, dateTime, fullDate } from "../format.js";
import { language, t } from "../i18n.js";
import { Scale } from "./scale.js";
import { TILE } from "./sprites.js";
import { AXIS_PX, LANE_PX, paint } from "./timeline-paint.js";
import { shortDate } from "./words.js";

const CLICK_PX = 5;
const ZOOM = 1.6;
const MARGIN = 1; // of what is shown, known on each side

/** Events: `seek` (detail: ms), `view` (another stretch is shown). */
export class TimelineStrip extends HTMLElement {
  #scale = new Scale(0, 3_600_000);
  #lanes = [];
  #zone = "UTC";
  #atMs = 0;
  #nowMs = 0;
  #marks = [null, null];
  #sprites = null;
  #parts = {};
  #pointers = new Map();
  #pressed = null;
  #hoverMs = null;
  #drawing = 0;

  begin(zone, sprites, signal) {
    this.#zone = zone;
    this.#sprites = sprites;
    const preview = make("canvas", { width: TILE.width, height: TILE.height });
    const time = make("span", { class: "numbers" });
    this.#parts = {
      canvas: make("canvas", { class: "strip-canvas" }),
      head: make("div", { class: "strip-head" }),
      preview,
      time,
      hover: make("div", { class: "strip-hover", hidden: true, "aria-hidden": "true" }, preview, time),
    };
    const p = this.#parts;
    p.slider = make("div", {
      class: "strip-slider", role: "slider", tabindex: "0", "aria-label": t("playback.timeline"), "aria-orientation": "horizontal",
    }, p.canvas, p.head);
    this.replaceChildren(p.slider, p.hover);
    this.#listen(p.slider, signal);
    const size = new ResizeObserver(() => this.#resized());
    size.observe(p.slider);
    signal.addEventListener("abort", () => { size.disconnect(); cancelAnimationFrame(this.#drawing); }, { once: true });
  }

  get scale() {
    return this.#scale;
  }

  /** The lanes: [{id, name, map}]. */
  set lanes(lanes) {
    this.#lanes = lanes;
    this.style.setProperty("--lanes", lanes.length); // CSSOM, which the policy allows
    this.draw();
  }

  set marks(marks) {
    this.#marks = marks;
    this.draw();
  }

  /** Where the playhead is and what time it is; while it plays the view follows it. */
  show(atMs, nowMs, follows) {
    this.#atMs = atMs;
    this.#nowMs = nowMs;
    const x = this.#scale.x(atMs);
    if (follows && !this.#pressed && (x < 0 || x > this.#scale.width * 0.92)) this.#view(this.#scale.centred(atMs));
    this.#tell();
    this.draw();
  }

  /** Shows the stretch around an instant; so long, if given. */
  centre(ms, spanMs = this.#scale.spanMs) {
    this.#view(new Scale(ms - spanMs / 2, ms + spanMs / 2, this.#scale.width));
  }

  zoom(factor) {
    const inside = this.#atMs >= this.#scale.startMs && this.#atMs <= this.#scale.endMs;
    this.#view(this.#scale.zoomed(factor, inside ? this.#atMs : (this.#scale.startMs + this.#scale.endMs) / 2));
  }

  zoomIn() {
    this.zoom(1 / ZOOM);
  }

  zoomOut() {
    this.zoom(ZOOM);
  }

  /** Makes sure that what is shown is known. */
  async refresh() {
    const { startMs, endMs, spanMs } = this.#scale;
    const news = await Promise.all(this.#lanes.map(({ map }) => map.cover(startMs, endMs, spanMs * MARGIN)));
    if (news.some(Boolean)) this.draw();
    return news.some(Boolean);
  }

  draw() {
    if (!this.#drawing) this.#drawing = requestAnimationFrame(() => this.#paint());
  }

  #paint() {
    this.#drawing = 0;
    const { canvas, head } = this.#parts;
    const height = AXIS_PX + LANE_PX * Math.max(this.#lanes.length, 1);
    const ratio = devicePixelRatio;
    const { width } = this.#scale;
    if (canvas.width !== Math.round(width * ratio) || canvas.height !== Math.round(height * ratio)) {
      canvas.width = Math.round(width * ratio);
      canvas.height = Math.round(height * ratio);
    }
    const context = canvas.getContext("2d");
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    paint(context, {
      scale: this.#scale, lanes: this.#lanes, ticks: this.#scale.ticks(this.#zone), label: (ms, day) => this.#label(ms, day),
      colours: this.#colours(), marks: this.#marks, nowMs: this.#nowMs, height,
    });
    const x = this.#scale.x(this.#atMs);
    head.hidden = x < 0 || x > width;
    head.style.transform = `translateX(${x}px)`;
  }

  #label(ms, day) {
    if (day) return shortDate(ms, this.#zone);
    const time = clockTime(ms, this.#zone);
    return time.endsWith(":00") ? time.slice(0, 5) : time;
  }

  #colours() {
    const style = getComputedStyle(this);
    const of = (name) => style.getPropertyValue(`--${name}`).trim();
    return {
      text: of("text"), muted: of("muted"), line: of("line"), raised: of("raised"), accent: of("accent"), bad: of("bad"),
      warn: of("warn"), rec: of("rec"), footage: of("footage"), shade: of("shade"), font: style.fontFamily,
    };
  }

  #view(scale) {
    this.#scale = scale;
    this.draw();
    this.#tell();
    this.dispatchEvent(new Event("view"));
  }

  #resized() {
    const width = this.#parts.slider.clientWidth;
    if (width) this.#view(this.#scale.resized(width));
  }

  #tell() {
    const { slider } = this.#parts;
    const { startMs, endMs } = this.#scale;
    const at = Math.round(this.#atMs / 1000);
    setAttribute(slider, "aria-valuemin", String(Math.min(Math.floor(startMs / 1000), at)));
    setAttribute(slider, "aria-valuemax", String(Math.max(Math.ceil(endMs / 1000), at)));
    setAttribute(slider, "aria-valuenow", String(at));
    setAttribute(slider, "aria-valuetext", `${dateTime(this.#atMs, this.#zone)} ${this.#words(this.#atMs)}`);
  }

  /** What there is at an instant, in words. */
  #words(ms) {
    const several = this.#lanes.length > 1;
    return this.#lanes.map(({ name, map }) => {
      const gap = map.gapAt(ms);
      const what = map.footageAt(ms) ? t("playback.recorded") : t(`playback.reason.${gap?.reason ?? "none"}`);
      return several ? t("playback.of", { name, what }) : what;
    }).join(language() === "ja" ? "、" : ", ");
  }

  #listen(slider, signal) {
    const on = (kind, work, options = {}) => slider.addEventListener(kind, work, { signal, ...options });
    on("wheel", (event) => this.#wheel(event), { passive: false });
    on("pointerdown", (event) => this.#press(event));
    on("pointermove", (event) => this.#move(event));
    on("pointerup", (event) => this.#release(event, true));
    on("pointercancel", (event) => this.#release(event, false));
    on("pointerleave", () => this.#hover(null));
    on("keydown", (event) => this.#key(event));
  }

  #x(event) {
    return event.clientX - this.#parts.slider.getBoundingClientRect().left;
  }

  #wheel(event) {
    event.preventDefault();
    const across = event.shiftKey ? event.deltaY : event.deltaX;
    if (Math.abs(across) > Math.abs(event.shiftKey ? 0 : event.deltaY)) {
      this.#view(this.#scale.moved((across / this.#scale.width) * this.#scale.spanMs));
    } else {
      this.#view(this.#scale.zoomed(ZOOM ** (event.deltaY / 100), this.#scale.ms(this.#x(event))));
    }
  }

  #press(event) {
    if (event.button !== 0) return;
    this.#parts.slider.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, this.#x(event));
    this.#pressed = { x: this.#x(event), moved: this.#pointers.size > 1 };
  }

  #move(event) {
    const x = this.#x(event);
    if (!this.#pointers.has(event.pointerId)) {
      if (event.pointerType === "mouse") this.#hover(x);
      return;
    }
    const before = [...this.#pointers.values()];
    const was = this.#pointers.get(event.pointerId);
    this.#pointers.set(event.pointerId, x);
    if (before.length > 1) {
      this.#pinch(before, [...this.#pointers.values()]);
    } else if (this.#pressed.moved || Math.abs(x - this.#pressed.x) > CLICK_PX) {
      const from = this.#pressed.moved ? was : this.#pressed.x;
      this.#pressed.moved = true;
      this.#hover(null);
      this.#view(this.#scale.moved(((from - x) / this.#scale.width) * this.#scale.spanMs));
    }
  }

  #pinch([a, b], [c, d]) {
    const factor = Math.max(Math.abs(a - b), 20) / Math.max(Math.abs(c - d), 20);
    const scale = this.#scale.zoomed(factor, this.#scale.ms((a + b) / 2));
    this.#view(scale.moved((((a + b - c - d) / 2) / scale.width) * scale.spanMs));
  }

  #release(event, ended) {
    const pressed = this.#pressed;
    if (!this.#pointers.delete(event.pointerId)) return;
    if (this.#pointers.size) return;
    this.#pressed = null;
    if (ended && pressed && !pressed.moved) this.#seek(this.#scale.ms(this.#x(event)));
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const step = this.#scale.keyStepMs;
    const moves = { ArrowRight: step, ArrowUp: step, ArrowLeft: -step, ArrowDown: -step, PageUp: 10 * step, PageDown: -10 * step };
    const edges = { Home: this.#scale.startMs, End: this.#scale.endMs };
    if (event.key in moves) this.#seek(this.#atMs + moves[event.key]);
    else if (event.key in edges) this.#seek(edges[event.key]);
    else return;
    event.preventDefault();
    event.stopPropagation();
  }

  #seek(ms) {
    this.dispatchEvent(new CustomEvent("seek", { detail: ms }));
  }

  #hover(x) {
    const { hover, preview, time } = this.#parts;
    this.#hoverMs = x === null ? null : this.#scale.ms(x);
    hover.hidden = x === null;
    if (x === null) return;
    const wall = this.#hoverMs;
    const span = this.#scale.spanMs > 43_200_000 ? `${fullDate(wall, this.#zone)} ` : "";
    setText(time, `${span}${clockTime(wall, this.#zone)} ${this.#words(wall)}`);
    const lane = this.#lanes.find(({ map }) => map.footageAt(wall));
    const again = () => this.#hoverMs !== null && this.#hover(this.#scale.x(this.#hoverMs));
    preview.hidden = !lane || !this.#sprites.draw(preview, lane.id, wall, again);
    const half = hover.offsetWidth / 2;
    hover.style.transform = `translateX(${Math.min(Math.max(x, half), this.#scale.width - half) - half}px)`;
  }
}
