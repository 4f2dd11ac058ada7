// What the slider shows, and where (pure): shares of its length.

const DAY_MS = 86_400_000;
const BESIDE_MS = 10 * DAY_MS;
const AFTER_MS = 45 * DAY_MS;
const EMPTY_MS = 400 * DAY_MS;
const LABELS_MAX = 14;
const EVERY = [1, 2, 3, 6, 12]; // months from one name to the next, so that each year's first has one

/** From a month before now or the first term, to a month and a half after the last end. */
export function domainOf(terms, ends, nowMs) {
  const from = Math.min(nowMs, ...terms.map((term) => Date.parse(term.starts)));
  const last = Math.max(...ends, ...terms.map((term) => Date.parse(term.ends))); // -Infinity where there is none
  const to = Math.max(nowMs + BESIDE_MS, last === -Infinity ? from + EMPTY_MS : last + AFTER_MS);
  return { from: from - BESIDE_MS, to };
}

export const shareOf = (domain, ms) => Math.min(1, Math.max(0, (ms - domain.from) / (domain.to - domain.from)));

/** Free, paid and lapsed stretches, in order, without overlap: what is paid outweighs what is free. */
export function stretchesOf(terms, domain) {
  const stretches = [];
  let covered = domain.from;
  for (const term of [...terms].sort((a, b) => Date.parse(a.starts) - Date.parse(b.starts))) {
    const [starts, paid, ends] = [Date.parse(term.starts), dayMs(term.paid_from, term.ends), Date.parse(term.ends)];
    if (starts > covered && stretches.length) stretches.push({ kind: "lapsed", from: covered, to: starts });
    stretches.push({ kind: "free", from: Math.max(starts, covered), to: Math.max(paid, covered) });
    stretches.push({ kind: "paid", from: Math.max(paid, covered), to: ends });
    covered = Math.max(covered, ends);
  }
  if (terms.length) stretches.push({ kind: "lapsed", from: covered, to: domain.to });
  return stretches.filter((stretch) => stretch.to > stretch.from);
}

/** A day begins at the hour of day at which terms end: the midnight of the service's zone. */
function dayMs(day, end) {
  return Date.parse(`${day}T00:00:00Z`) - (DAY_MS - (Date.parse(end) % DAY_MS)) % DAY_MS;
}

/** The first of each month, by the zone's calendar; `label`: whether there is room for its name. */
export function monthsOf(domain, zone) {
  const months = [];
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: zone, year: "numeric", month: "2-digit", day: "2-digit" });
  const [year, month] = parts.format(domain.from).split("-").map(Number);
  for (let index = 1; ; index++) {
    const at = Date.UTC(year, month - 1 + index, 1);
    if (at > domain.to) break;
    months.push({ at, year: new Date(at).getUTCFullYear(), month: new Date(at).getUTCMonth() + 1 });
  }
  const every = EVERY.find((step) => months.length / step <= LABELS_MAX) ?? 12;
  return months.map((one) => ({ ...one, label: (one.month - 1) % every === 0 }));
}
