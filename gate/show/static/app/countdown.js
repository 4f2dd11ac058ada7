// How long until licences end, or since when they have: to the millisecond in the last ten seconds.

import { setAttribute, setText } from "/static/app/element.js";
import { say } from "./words.js";

const LAST_MS = 10_000;
const NEAR_MS = 3_600_000;
const two = (number) => String(number).padStart(2, "0");

/** The instant that matters: the next end, else the last one. Pure; null where nothing is known. */
export function nextEnd(cameras) {
  const ends = cameras.map((camera) => camera.licence.until).filter(Boolean).map(Date.parse);
  if (ends.length) return { at: Math.min(...ends), lapsed: false };
  const lapses = cameras.map((camera) => camera.licence.denial?.since).filter(Boolean).map(Date.parse);
  return lapses.length ? { at: Math.max(...lapses), lapsed: true } : null;
}

/** A span in words of the catalogue. Pure. */
export function spanText(ms, { exact = false } = {}) {
  const seconds = Math.floor(ms / 1000);
  if (exact) return `${seconds}.${String(Math.floor(ms) % 1000).padStart(3, "0")}`;
  const clock = `${two(Math.floor(seconds / 3600) % 24)}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
  const days = Math.floor(seconds / 86_400);
  return days ? `${say(days === 1 ? "countdown.day" : "countdown.days", { days })} ${clock}` : clock;
}

/** Draws it; gives whether milliseconds are running, so that it is drawn with each frame. */
export function drawCountdown(box, site, dayOf) {
  const [word, value, day] = box.children;
  const end = site.state && site.connected ? nextEnd(site.state.cameras) : null;
  if (end === null) {
    setAttribute(box, "data-tone", "unknown");
    setText(word, say("countdown.unknown"));
    setText(value, "–");
    setText(day, "");
    return false;
  }
  const ms = Math.max(0, (end.at - site.nowMs()) * (end.lapsed ? -1 : 1));
  const last = !end.lapsed && ms <= LAST_MS;
  setAttribute(box, "data-tone", end.lapsed ? "bad" : last ? "last" : ms < NEAR_MS ? "warn" : "good");
  setText(word, say(end.lapsed ? "countdown.since" : "countdown.left"));
  setText(value, spanText(ms, { exact: last }));
  setText(day, say(end.lapsed ? "countdown.ended" : "countdown.ends", { day: dayOf(end.at) }));
  return last;
}
