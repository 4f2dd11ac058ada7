// Times, spans and sizes as people read them. Every time is shown in the site's time zone.

import { language, t } from "./i18n.js";

const LOCALES = { ja: "ja-JP", en: "en-GB" };
const formats = new Map();

function format(zone, name, options) {
  const key = `${language()} ${zone} ${name}`;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(LOCALES[language()], { timeZone: zone, ...options }));
  return formats.get(key);
}

const DATE = { year: "numeric", month: "2-digit", day: "2-digit" };
const TIME = { hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" };

export const clockTime = (ms, zone) => format(zone, "time", TIME).format(ms);
export const fullDate = (ms, zone) => format(zone, "date", { ...DATE, weekday: "short" }).format(ms);
export const dateTime = (ms, zone) => format(zone, "both", { ...DATE, ...TIME }).format(ms);

/** A calendar day given as YYYY-MM-DD, without any time zone of its own. */
export const calendarDay = (day) => format("UTC", "day", DATE).format(Date.parse(`${day}T00:00:00Z`));

/** A time today as the time alone, else with its date. */
export function since(ms, nowMs, zone) {
  return fullDate(ms, zone) === fullDate(nowMs, zone) ? clockTime(ms, zone) : dateTime(ms, zone);
}

/** What is left until an instant: days while there are many, hours, minutes and seconds at the end. */
export function remaining(ms) {
  const seconds = Math.max(0, Math.ceil(ms / 1000));
  const days = Math.floor(seconds / 86400);
  if (days >= 2) return t("time.days", { days });
  const two = (value) => String(value).padStart(2, "0");
  return `${two(Math.floor(seconds / 3600))}:${two(Math.floor(seconds / 60) % 60)}:${two(seconds % 60)}`;
}

export const isNear = (ms) => ms < 86_400_000;

export function bytes(count) {
  const units = ["B", "kB", "MB", "GB", "TB"];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  return `${value >= 100 || unit === 0 ? Math.round(value) : value.toFixed(1)} ${units[unit]}`;
}

export function uptime(seconds) {
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  return t(days ? "time.uptime_days" : "time.uptime_hours", { days, hours, minutes });
}
