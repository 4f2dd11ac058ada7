// What a tile shows, decided from what is known. Pure.

export const STALE_SECONDS = 3;

/**
 * `link`: {phase}; `stream`: the site state's, or null (connecting with a message is a camera that cannot be reached); `age`: how old what is on the screen is, in seconds, null before
 * the first picture; `supported`: whether this browser can play it.
 * "live" | "stale" | "offline" | "lapsed" | "waiting" | "unsupported" | "connecting" | "paused"
 */
export function tileMode({ link, stream, age, supported, hidden }) {
  if (!supported) return "unsupported";
  if (link.phase === "ended") return "lapsed";
  if (hidden) return "paused";
  if (link.phase === "waiting") return "waiting";
  if (age !== null && age <= STALE_SECONDS) return "live";
  const trouble = stream && stream.phase !== "streaming" && (stream.phase !== "connecting" || stream.message !== "");
  if (trouble) return "offline";
  return age === null ? "connecting" : "stale";
}
