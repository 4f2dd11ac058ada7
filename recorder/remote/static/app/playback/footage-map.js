// What there is of one camera's footage in a window of time, as the recorder tells it: three layers, never merged.

import { language } from "../i18n.js";

const REFRESH_MS_MIN = 4_000;
const FAR_DAYS = [1, 10, 40, 400]; // how far ahead or back the next footage is looked for, one after the other
const DAY = 86_400_000;

export class FootageMap {
  spans = [];
  entitlement = [];
  events = [];
  fromMs = 0;
  toMs = 0;
  nowMs = 0;
  /** Whether the recorder would say no anyway: nothing is asked then. */
  closed = false;
  #camera;
  #loading = null;
  #loadedAt = -Infinity;
  #signal;

  constructor(camera, signal) {
    this.#camera = camera;
    this.#signal = signal;
  }

  get camera() {
    return this.#camera;
  }

  /** Makes sure that this range is known, with a margin; what reaches to now is asked for again every few seconds. */
  async cover(fromMs, toMs, marginMs) {
    await this.#loading;
    const inside = this.fromMs <= fromMs && toMs <= this.toMs;
    if (inside && !this.#isStale(toMs)) return false;
    const range = inside ? [this.fromMs, this.toMs] : [fromMs - marginMs, toMs + marginMs];
    this.#loading = this.#load(...range);
    try {
      await this.#loading;
      return true;
    } finally {
      this.#loading = null;
    }
  }

  /** Forgets everything. */
  clear() {
    this.spans = [];
    this.entitlement = [];
    this.events = [];
    this.fromMs = this.toMs = 0;
    this.#loadedAt = -Infinity;
  }

  /** The recorded span that holds an instant. */
  footageAt(ms) {
    return this.recorded.find((span) => span.startMs <= ms && ms < span.endMs) ?? null;
  }

  /** Why there is nothing at an instant: a gap's span, or null where nobody knows. */
  gapAt(ms) {
    return this.spans.find((span) => span.state === "gap" && span.startMs <= ms && ms < span.endMs) ?? null;
  }

  get recorded() {
    return this.spans.filter((span) => span.state === "recorded");
  }

  /** Where the next footage begins behind an instant; null if there is none at all. */
  async nextStart(ms) {
    return this.#look(ms, (span) => span.startMs > ms, (days) => [ms, ms + days * DAY], (spans) => spans[0]?.startMs);
  }

  /** Where the footage before an instant ends; null if there is none at all. */
  async previousEnd(ms) {
    return this.#look(ms, (span) => span.endMs <= ms, (days) => [ms - days * DAY, ms], (spans) => spans.at(-1)?.endMs);
  }

  async #look(ms, fits, range, pick) {
    if (this.fromMs <= ms && ms <= this.toMs) {
      const known = pick(this.recorded.filter(fits));
      if (known !== undefined) return known;
    }
    for (const days of FAR_DAYS) {
      const told = await this.#ask(...range(days));
      if (!told) return null;
      const found = pick(told.spans.map(spanOf).filter((span) => span.state === "recorded" && fits(span)));
      if (found !== undefined) return found;
    }
    return null;
  }

  #isStale(toMs) {
    const age = performance.now() - this.#loadedAt;
    const patience = Math.max(REFRESH_MS_MIN, (this.toMs - this.fromMs) / 20_000);
    return toMs > this.nowMs - 120_000 && age > patience;
  }

  async #load(fromMs, toMs) {
    const told = await this.#ask(fromMs, toMs);
    if (!told) return;
    this.spans = told.spans.map(spanOf);
    this.entitlement = told.entitlement.map(spanOf);
    this.events = told.events.map((event) => ({
      ...event, startMs: Date.parse(event.start), endMs: event.end ? Date.parse(event.end) : Infinity,
    }));
    this.fromMs = Date.parse(told.from);
    this.toMs = Date.parse(told.to);
    this.nowMs = Date.parse(told.now);
    this.#loadedAt = performance.now();
  }

  async #ask(fromMs, toMs) {
    if (this.closed) return null;
    const query = new URLSearchParams({ from: instant(fromMs), to: instant(toMs), lang: language() });
    try {
      const answer = await fetch(`${cameraPath(this.#camera)}/timeline?${query}`, { signal: this.#signal });
      return answer.ok ? await answer.json() : null;
    } catch {
      return null; // the page was left, or the recorder cannot be reached: the next look asks again
    }
  }
}

const spanOf = (span) => ({ ...span, startMs: Date.parse(span.start), endMs: Date.parse(span.end) });

/** An instant in words, to the microsecond: to the millisecond alone a piece that begins within one would be missed. */
export function instant(ms) {
  const whole = Math.floor(ms);
  const micros = Math.min(Math.round((ms - whole) * 1000), 999);
  return new Date(whole).toISOString().replace("Z", `${String(micros).padStart(3, "0")}Z`);
}

export const cameraPath = (camera) => `api/v1/cameras/${encodeURIComponent(camera)}`;
