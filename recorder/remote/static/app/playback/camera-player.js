// One camera's footage in a <video>: any instant exactly, on from there, one picture after the other.
//
// Pieces are fetched a little ahead of what plays. While another picture is on its way the last one stays (in a canvas),
// and both are cleared when the licence ends.

import { delaySeconds } from "../backoff.js";
import { hasSound, MediaLine } from "./media-line.js";
import { PieceSource, Refused } from "./piece-source.js";

const AHEAD_MS = 12_000; // of playing time, at the speed it plays
const PIECE_MS = 60_000;
const NEAR_MS = 3 * 3_600_000; // what is known of footage around where it plays
const TEND_MS = 1_000;
const KEEP_BEHIND_MS = 20_000;
const INTO_PICTURE_MS = 1; // media time is rounded to microseconds
const SOUND_LATE_MS = 300; // sound may begin that much after its pictures; both must be there
const BACK_MS = 24 * 3_600_000;

export class CameraPlayer {
  /** "empty", "loading", "ready", "unsupported", "failed" (tried again by itself) or "refused". */
  phase = "empty";
  hasSound = false;
  #video;
  #still;
  #line;
  #pieces;
  #changed;
  #map;
  #fetching = null;
  #keys = false;
  #rate = 1;
  #targetMs = 0;
  #shownMs = null;
  #fedMs = 0;
  #triedAt = 0;
  #attempt = 0;

  /** `map` is a FootageMap of the camera; changed() is called when phase or picture change. */
  constructor(map, video, still, changed) {
    this.#map = map;
    this.#video = video;
    this.#still = still;
    this.#changed = changed;
    this.#line = new MediaLine(video);
    this.#pieces = new PieceSource(map.camera);
    video.muted = true;
    video.addEventListener("error", () => this.#line.isOpen && this.#fail());
    video.addEventListener("seeked", () => this.#settled());
    video.addEventListener("loadeddata", () => this.#settled());
    this.#watchShown();
  }

  /** Where it stands; between two pictures, too. */
  get positionMs() {
    return this.phase === "ready" && !this.#video.seeking ? this.#line.wallMs(this.#video.currentTime) : this.#targetMs;
  }

  /** The wall time of the picture on the screen, null without one. */
  get shownMs() {
    return this.#shownMs;
  }

  /** Whether the picture of `positionMs` is there, and the next ones. */
  get isReady() {
    return this.hasPicture && this.#video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
  }

  get hasPicture() {
    return this.phase === "ready" && !this.#video.seeking && this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  }

  get framesDecoded() {
    return this.#video.getVideoPlaybackQuality().totalVideoFrames;
  }

  /** From where and up to where pictures are there without a break around the position. */
  get bufferedFromMs() {
    return this.#line.rangeAt(this.positionMs)?.[0] ?? this.positionMs;
  }

  get bufferedToMs() {
    return this.#line.rangeAt(this.positionMs)?.[1] ?? this.positionMs;
  }

  /** Shows the picture of an instant. `keys`: by key pictures alone, beginning so long before it. */
  seek(ms, { keys = false, behindMs = 0 } = {}) {
    this.#targetMs = ms;
    if (this.phase === "unsupported") return;
    if (keys === this.#keys && this.phase === "ready" && this.#line.rangeAt(ms)) {
      this.#video.currentTime = this.#line.mediaSeconds(ms);
      this.#feedAgain();
      return;
    }
    this.#stopFetching();
    this.#holdStill();
    if (keys !== this.#keys || !this.#line.reaches(ms - behindMs)) {
      this.#drop();
      this.#line.baseMs = Math.floor(ms) - BACK_MS;
    }
    this.#keys = keys;
    this.#become("loading");
    this.#feed(Math.max(ms - behindMs, this.#map.footageAt(ms)?.startMs ?? ms));
  }

  /** There may be more footage than there was: goes on fetching where it ended. */
  tend() {
    if (this.phase !== "ready" || this.#fetching || performance.now() - this.#triedAt < TEND_MS) return;
    if (this.#map.footageAt(this.#fedMs + INTO_PICTURE_MS)) this.#feed(this.#fedMs);
  }

  /** Where to go for the picture after (`direction` 1) or before (-1) the one asked for; null where it is not there.
   * The browser presents a picture a moment after it was asked for, and keys come faster than that. */
  neighbour(direction) {
    const asked = this.#line.lastAt(this.#targetMs) ?? this.#shownMs ?? this.#targetMs;
    const found = this.#line.beside(asked, direction);
    return found === undefined ? null : found + INTO_PICTURE_MS;
  }

  play(rate) {
    this.rate = rate;
    if (this.#video.paused) this.#video.play().catch(() => {}); // overtaken by a seek or a close
  }

  pause() {
    if (!this.#video.paused) this.#video.pause();
  }

  set rate(rate) {
    this.#rate = rate;
    this.#video.defaultPlaybackRate = rate;
    if (this.#video.playbackRate !== rate) this.#video.playbackRate = rate;
  }

  set muted(muted) {
    if (this.#video.muted !== muted) this.#video.muted = muted;
  }

  /** Clears the picture and forgets the footage. */
  close() {
    this.#stopFetching();
    this.#drop();
    this.#clearStill();
    this.#become("empty");
  }

  #become(phase) {
    if (this.phase === phase) return;
    this.phase = phase;
    this.#changed();
  }

  #drop() {
    this.#line.close();
    this.#shownMs = null;
  }

  #stopFetching() {
    this.#fetching?.abort();
    this.#fetching = null;
  }

  #feedAgain() {
    if (this.#fetching && this.bufferedToMs === this.#fedMs) return;
    this.#stopFetching();
    this.#feed(this.bufferedToMs);
  }

  /** Fetches and appends pieces from an instant on, as far ahead as is needed, until stopped. */
  async #feed(fromMs) {
    const control = new AbortController();
    this.#fetching = control;
    this.#fedMs = fromMs;
    this.#triedAt = performance.now();
    while (!control.signal.aborted) {
      try {
        if (!(await this.#feedOne(control.signal))) break;
      } catch (error) {
        if (control.signal.aborted) return;
        if (error instanceof Refused && error.status === 403) {
          this.#stopFetching();
          this.#become("refused");
          return;
        }
        await sleep(delaySeconds(this.#attempt++) * 1000, control.signal);
      }
    }
    if (this.#fetching !== control) return;
    this.#fetching = null;
    if (this.phase === "loading") this.#aimAtLast();
  }

  /** One piece, or a pause; false where the footage ends. */
  async #feedOne(signal) {
    if (this.#fedMs - this.positionMs > AHEAD_MS * Math.max(1, this.#rate) && this.phase === "ready") {
      await sleep(200, signal);
      return true;
    }
    const from = this.#fedMs;
    await this.#map.cover(from, from + PIECE_MS, NEAR_MS);
    const span = this.#map.footageAt(from + INTO_PICTURE_MS);
    if (!span || signal.aborted) return false;
    const piece = await this.#pieces.next(from, Math.min(from + PIECE_MS, span.endMs + 1), this.#keys, signal);
    if (!piece || piece.endMs <= from || signal.aborted) return false;
    this.hasSound = hasSound(piece.mime);
    if (!MediaLine.plays(piece.mime)) {
      this.#drop();
      this.#clearStill();
      this.#become("unsupported");
      return false;
    }
    await this.#line.append(piece, this.#keepMs(), signal);
    if (signal.aborted) return false;
    this.#attempt = 0;
    this.#fedMs = piece.endMs;
    this.#aim(piece);
    return true;
  }

  /** What lies before may go. */
  #keepMs() {
    const forward = this.phase === "ready" && this.#rate > 0;
    return forward ? this.positionMs - KEEP_BEHIND_MS * Math.max(1, this.#rate) : -Infinity;
  }

  /** After a seek: the picture wanted, or the first there is behind it. */
  #aim(piece) {
    if (this.phase !== "loading") return;
    if (piece.startMs > this.#targetMs) this.#targetMs = piece.times[0] + INTO_PICTURE_MS;
    const range = this.#line.rangeAt(this.#targetMs) ?? this.#line.rangeAt(this.#targetMs + SOUND_LATE_MS);
    if (!range) return;
    this.#targetMs = Math.max(this.#targetMs, range[0] + INTO_PICTURE_MS);
    this.#show();
  }

  /** The footage ends before the instant that was asked for: its last picture. */
  #aimAtLast() {
    const last = this.#line.lastAt(this.#targetMs);
    if (last === undefined) {
      this.#become("empty");
      return;
    }
    this.#targetMs = last + INTO_PICTURE_MS;
    this.#show();
  }

  #show() {
    this.#become("ready");
    this.#video.currentTime = this.#line.mediaSeconds(this.#targetMs);
    this.#video.playbackRate = Math.max(this.#rate, 0);
  }

  #watchShown() {
    const seen = (_, frame) => {
      if (this.#line.isOpen) {
        this.#shownMs = this.#line.exact(this.#line.wallMs(frame.mediaTime));
        this.#clearStill();
        this.#changed();
      }
      this.#watchShown();
    };
    this.#video.requestVideoFrameCallback(seen);
  }

  #settled() {
    if (this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) this.#clearStill();
    this.#changed();
  }

  /** The picture on the screen stays while the next one is on its way. */
  #holdStill() {
    if (this.#shownMs === null || !this.#video.videoWidth) return;
    this.#still.width = this.#video.videoWidth;
    this.#still.height = this.#video.videoHeight;
    this.#still.getContext("2d").drawImage(this.#video, 0, 0);
    this.#still.hidden = false;
  }

  #clearStill() {
    if (this.#still.hidden) return;
    this.#still.hidden = true;
    this.#still.width = this.#still.height = 1;
  }

  /** The browser gave up on the pictures: all over, from where it stood. */
  #fail() {
    const at = this.positionMs;
    const keys = this.#keys;
    this.#stopFetching();
    this.#drop();
    this.#become("failed");
    this.#targetMs = at;
    const control = new AbortController();
    this.#fetching = control;
    sleep(delaySeconds(this.#attempt++) * 1000, control.signal).then(() => {
      if (!control.signal.aborted) this.seek(at, { keys });
    });
  }
}

function sleep(ms, signal) {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
  });
}
