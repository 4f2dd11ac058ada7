// What a tile shows, decided from what is known. Pure.

export const STALE_SECONDS = 3;
const STILL_STALE_SECONDS_MAX = 12;

/**
 * `link`: {phase}; `stream`: the site state's, or null (connecting with a message is a camera that cannot be reached); `age`: how old what is on the screen is, in seconds, null before
 * the first picture; `staleSeconds`: from which age on it stands still.
 * "live" | "stale" | "offline" | "lapsed" | "waiting" | "connecting" | "paused"
 */
export function tileMode({ link, stream, age, staleSeconds, hidden }) {
  if (link.phase === "ended") return "lapsed";
  if (hidden) return "paused";
  if (link.phase === "waiting") return "waiting";
  if (age !== null && age <= staleSeconds) return "live";
  const trouble = stream && stream.phase !== "streaming" && (stream.phase !== "connecting" || stream.message !== "");
  if (trouble) return "offline";
  return age === null ? "connecting" : "stale";
}

/** From which age on key pictures stand still that come `stepMs` apart: one missing is enough. */
export function stillStaleSeconds(stepMs) {
  return Math.min(Math.max((stepMs * 1.5) / 1000, STALE_SECONDS), STILL_STALE_SECONDS_MAX);
}
