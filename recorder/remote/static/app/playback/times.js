// Wall times of one time zone: the parts of an instant, the instant of parts, and times as people type them.

const formats = new Map();

function format(zone) {
  if (!formats.has(zone)) {
    formats.set(zone, new Intl.DateTimeFormat("en-GB", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
      hour: "2-digit", minute: "2-digit", second: "2-digit",
    }));
  }
  return formats.get(zone);
}

/** [year, month, day, hour, minute, second] of an instant in a zone. */
export function partsOf(ms, zone) {
  const found = Object.fromEntries(format(zone).formatToParts(ms).map(({ type, value }) => [type, Number(value)]));
  return [found.year, found.month, found.day, found.hour, found.minute, found.second];
}

/** The instant of a wall time; the earlier one where it comes twice, the moment of the jump where it is left out. */
export function instantOf([year, month, day, hour = 0, minute = 0, second = 0], zone) {
  const wanted = Date.UTC(year, month - 1, day, hour, minute, second);
  const tries = [-1, 0, 1].map((days) => wanted - offsetAt(wanted + days * 86_400_000, zone));
  const fitting = tries.filter((ms) => ms + offsetAt(ms, zone) === wanted);
  return fitting.length ? Math.min(...fitting) : Math.max(...tries);
}

function offsetAt(ms, zone) {
  const [year, month, day, hour, minute, second] = partsOf(ms, zone);
  return Date.UTC(year, month - 1, day, hour, minute, second) - Math.floor(ms / 1000) * 1000;
}

/** The midnight that began the day of an instant; `days` later (earlier) where given. */
export function midnight(ms, zone, days = 0) {
  const [year, month, day] = partsOf(ms, zone);
  const date = new Date(Date.UTC(year, month - 1, day + days));
  return instantOf([date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()], zone);
}

/** YYYY-MM-DD of an instant. */
export function dayName(ms, zone) {
  const [year, month, day] = partsOf(ms, zone);
  return `${year}-${two(month)}-${two(day)}`;
}

export const two = (value) => String(value).padStart(2, "0");

/**
 * What people type: `10:30`, `10:30:15`, `1030`, `103015`, with or without a date before it (`2027-01-31`, `2027/1/31`,
 * `1/31`). A time alone is one of the day of `nearMs`, a date alone its beginning. Null for anything else.
 */
export function parseTyped(text, nearMs, zone) {
  const clean = text.normalize("NFKC").trim().replace("T", " ");
  const found = /^(?:(?:(\d{4})[-/.])?(\d{1,2})[-/.](\d{1,2}))?\s*(?:(\d{1,2}):?(\d{2})(?::?(\d{2}(?:\.\d{1,3})?))?)?$/.exec(clean);
  if (!found || clean === "") return null;
  const near = partsOf(nearMs, zone);
  const [year, month, day] = found[2] ? [found[1] ?? near[0], found[2], found[3]].map(Number) : near;
  const [hour, minute, second] = [found[4] ?? 0, found[5] ?? 0, found[6] ?? 0].map(Number);
  if (month < 1 || month > 12 || day < 1 || hour > 23 || minute > 59 || second >= 60) return null;
  if (new Date(Date.UTC(year, month - 1, day)).getUTCDate() !== day) return null;
  return instantOf([year, month, day, hour, minute, Math.floor(second)], zone) + Math.round((second % 1) * 1000);
}
