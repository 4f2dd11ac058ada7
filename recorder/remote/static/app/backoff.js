// How long to wait before the next attempt: doubling from half a second to fifteen, spread so that pages do not march.

const FIRST_SECONDS = 0.5;
const SECONDS_MAX = 15;

export function delaySeconds(attempt, random = Math.random()) {
  return Math.min(FIRST_SECONDS * 2 ** Math.min(attempt, 10), SECONDS_MAX) * (0.8 + 0.4 * random);
}
