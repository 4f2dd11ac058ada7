// The stretch of time a timeline shows, and where an instant lies in it. Pure.

import { instantOf, partsOf } from "./times.js";

export const SPAN_MS_MIN = 20_000;
export const SPAN_MS_MAX = 40 * 86_400_000;
const TICK_PX_MIN = 84;
const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const STEPS = [SECOND, 2 * SECOND, 5 * SECOND, 10 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE, 5 * MINUTE, 10 * MINUTE,
  30 * MINUTE, HOUR, 2 * HOUR, 3 * HOUR, 6 * HOUR, 12 * HOUR, DAY, 2 * DAY, 5 * DAY, 10 * DAY];

export class Scale {
  constructor(startMs, endMs, width = 1) {
    const span = Math.min(Math.max(endMs - startMs, SPAN_MS_MIN), SPAN_MS_MAX);
    const middle = (startMs + endMs) / 2;
    this.startMs = middle - span / 2;
    this.endMs = middle + span / 2;
    this.width = Math.max(width, 1);
  }

  get spanMs() {
    return this.endMs - this.startMs;
  }

  x(ms) {
    return ((ms - this.startMs) / this.spanMs) * this.width;
  }

  ms(x) {
    return this.startMs + (x / this.width) * this.spanMs;
  }

  resized(width) {
    return new Scale(this.startMs, this.endMs, width);
  }

  moved(ms) {
    return new Scale(this.startMs + ms, this.endMs + ms, this.width);
  }

  /** So many times as much time; the instant at `aroundMs` stays where it is. */
  zoomed(factor, aroundMs) {
    const span = Math.min(Math.max(this.spanMs * factor, SPAN_MS_MIN), SPAN_MS_MAX);
    const start = aroundMs - ((aroundMs - this.startMs) / this.spanMs) * span;
    return new Scale(start, start + span, this.width);
  }

  /** The same stretch around another middle. */
  centred(ms) {
    return this.moved(ms - (this.startMs + this.endMs) / 2);
  }

  /** Where lines are drawn: [{ms, day}], `day` where one begins. Whole hours, minutes and days are those of the zone. */
  ticks(zone) {
    const wanted = (this.spanMs / this.width) * TICK_PX_MIN;
    const step = STEPS.find((candidate) => candidate >= wanted) ?? STEPS.at(-1);
    return step < DAY ? this.#clockTicks(step, zone) : this.#dayTicks(step / DAY, zone);
  }

  /** What one arrow key moves by. */
  get keyStepMs() {
    const wanted = this.spanMs / 100;
    return STEPS.findLast((candidate) => candidate <= wanted) ?? SECOND;
  }

  #clockTicks(step, zone) {
    const ticks = [];
    const [year, month, day] = partsOf(this.startMs, zone);
    for (let number = 0; ticks.length < 500; number += 1) {
      const dayMs = instantOf(dateOf(year, month, day + number), zone);
      if (dayMs >= this.endMs) break;
      const nextMs = instantOf(dateOf(year, month, day + number + 1), zone);
      const first = Math.max(0, Math.ceil((this.startMs - dayMs) / step));
      for (let ms = dayMs + first * step; ms < Math.min(nextMs, this.endMs); ms += step) {
        ticks.push({ ms, day: ms === dayMs });
      }
    }
    return ticks;
  }

  #dayTicks(days, zone) {
    const ticks = [];
    const [year, month, day] = partsOf(this.startMs, zone);
    for (let number = 0; ticks.length < 500; number += 1) {
      const date = dateOf(year, month, day + number);
      const ms = instantOf(date, zone);
      if (ms >= this.endMs) break;
      if (ms >= this.startMs && (date[2] - 1) % days === 0) ticks.push({ ms, day: true });
    }
    return ticks;
  }
}

function dateOf(year, month, day) {
  const date = new Date(Date.UTC(year, month - 1, day));
  return [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
}
