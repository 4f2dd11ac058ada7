// Dates and lengths as a timeline and a calendar write them.

import { language, t } from "../i18n.js";
import { clockTime } from "../format.js";

const LOCALES = { ja: "ja-JP", en: "en-GB" };
const formats = new Map();

function format(zone, options) {
  const key = `${language()} ${zone} ${JSON.stringify(options)}`;
  if (!formats.has(key)) formats.set(key, new Intl.DateTimeFormat(LOCALES[language()], { timeZone: zone, ...options }));
  return formats.get(key);
}

export const shortDate = (ms, zone) => format(zone, { month: "numeric", day: "numeric", weekday: "short" }).format(ms);

export const monthName = (ms, zone) => format(zone, { year: "numeric", month: "long" }).format(ms);

/** The day a week begins with, as Date counts them: people in Japan begin with Sunday, in Britain with Monday. */
export const firstWeekday = () => (language() === "ja" ? 0 : 1);

export function weekdayNames() {
  return [3, 4, 5, 6, 7, 8, 9].map((day) => day + firstWeekday()).map((day) => format("UTC", { weekday: "narrow" }).format(Date.UTC(2027, 0, day)));
}

/** A time to the millisecond. */
export const exactTime = (ms, zone) => `${clockTime(ms, zone)}.${String(Math.floor(((ms % 1000) + 1000) % 1000)).padStart(3, "0")}`;

/** A length: `12 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`. */
export function spanText(ms) {
  const seconds = Math.round(ms / 1000);
  const [days, hours, minutes] = [Math.floor(seconds / 86_400), Math.floor(seconds / 3600) % 24, Math.floor(seconds / 60) % 60];
  if (days) return t("playback.length.days", { days, hours });
  if (hours) return t("playback.length.hours", { hours, minutes });
  if (minutes) return t("playback.length.minutes", { minutes, seconds: seconds % 60 });
  return t("playback.length.seconds", { seconds });
}
