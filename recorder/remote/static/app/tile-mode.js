// What a tile shows, decided from what is known. Pure.

export const STALE_SECONDS = 3;

/**
 * `link`: {phase, endProblem}; `stream`: the site state's, or null; `pictureAge`: seconds since a new picture reached the
 * screen, null before the first; `supported`: whether this browser can play it.
 * "live" | "stale" | "offline" | "lapsed" | "waiting" | "unsupported" | "connecting" | "paused"
 */
export function tileMode({ link, stream, pictureAge, supported, hidden }) {
  if (!supported) return "unsupported";
  if (link.phase === "ended") return "lapsed";
  if (hidden) return "paused";
  if (link.phase === "waiting") return "waiting";
  const fresh = pictureAge !== null && pictureAge <= STALE_SECONDS;
  if (fresh) return "live";
  if (stream && stream.phase !== "streaming" && stream.phase !== "connecting") return "offline";
  return pictureAge === null ? "connecting" : "stale";
}
