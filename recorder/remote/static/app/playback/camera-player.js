// One camera's footage in a <video>: media time is wall time, so that any instant can be shown exactly.
//
// Pieces are fetched a little ahead of what plays. While another picture is on its way the last one stays (in a canvas),
// and both are cleared when the licence ends.

import { delaySeconds } from "../backoff.js";
import { PieceSource, Refused } from "./piece-source.js";

const AHEAD_MS = 12_000; // of playing time, at the speed it plays
const PIECE_MS = 60_000;
const NEAR_MS = 3 * 3_600_000; // what is known of footage around where it plays
const KEEP_BEHIND_MS = 20_000;
const INTO_PICTURE_MS = 1; // media time is rounded to microseconds
const SOUND_LATE_MS = 300; // sound may begin that much after its pictures; both must be there
const BACK_MS = 24 * 3_600_000;
const MEDIA_SECONDS = 40 * 86_400;
const TIMES_MAX = 20_000;

const Source = self.ManagedMediaSource ?? self.MediaSource;

export class CameraPlayer {
  /** "empty", "loading", "ready", "unsupported", "failed" (retried by itself) or "refused". */
  phase = "empty";
  hasSound = false;
  #video;
  #still;
  #pieces;
  #changed;
  #map;
  #source = null;
  #buffer = null;
  #address = "";
  #mime = "";
  #digest = "";
  #baseMs = 0;
  #times = [];
  #fetching = null;
  #keys = false;
  #rate = 1;
  #targetMs = 0;
  #shownMs = null;
  #watching = 0;
  #fedMs = 0;
  #attempt = 0;

  /** `map` is a FootageMap of the camera; changed() is called when phase or picture change. */
  constructor(map, video, still, changed) {
    this.#map = map;
    this.#video = video;
    this.#still = still;
    this.#changed = changed;
    this.#pieces = new PieceSource(map.camera);
    video.muted = true;
    video.disableRemotePlayback = true;
    video.addEventListener("error", () => this.#source && this.#fail());
    video.addEventListener("seeked", () => this.#settled());
    video.addEventListener("loadeddata", () => this.#settled());
  }

  /** Where it stands; between two pictures, too. */
  get positionMs() {
    return this.phase === "ready" && !this.#video.seeking ? this.#baseMs + this.#video.currentTime * 1000 : this.#targetMs;
  }

  /** The wall time of the picture on the screen, null without one. */
  get shownMs() {
    return this.#shownMs;
  }

  /** Whether the picture of `positionMs` and the next ones are there. */
  get isReady() {
    return this.phase === "ready" && !this.#video.seeking && this.#video.readyState >= HTMLMediaElement.HAVE_FUTURE_DATA;
  }

  get hasPicture() {
    return this.phase === "ready" && !this.#video.seeking && this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA;
  }

  get framesDecoded() {
    return this.#video.getVideoPlaybackQuality().totalVideoFrames;
  }

  /** Up to where pictures are there without a break, from the position on. */
  get bufferedToMs() {
    const range = this.#rangeAt(this.positionMs);
    return range ? range[1] : this.positionMs;
  }

  get bufferedFromMs() {
    const range = this.#rangeAt(this.positionMs);
    return range ? range[0] : this.positionMs;
  }

  /** Shows the picture of an instant. `keys`: by key pictures alone, beginning so long before it. */
  seek(ms, { keys = false, behindMs = 0 } = {}) {
    this.#targetMs = ms;
    if (this.phase === "unsupported") return;
    if (this.#source && keys === this.#keys && this.#rangeAt(ms) && ms >= this.#baseMs) {
      this.#video.currentTime = (ms - this.#baseMs) / 1000;
      this.#feedAgain();
      return;
    }
    this.#stopFetching();
    this.#holdStill();
    if (!this.#source || keys !== this.#keys || ms - behindMs < this.#baseMs + 60_000 || ms > this.#baseMs + MEDIA_SECONDS * 1000) {
      this.#dropSource();
      this.#baseMs = Math.floor(ms) - BACK_MS;
    }
    this.#keys = keys;
    this.#become("loading");
    this.#feed(Math.max(ms - behindMs, this.#map.footageAt(ms)?.startMs ?? ms));
  }

  /** There may be more footage than there was: goes on fetching where it ended. */
  tend() {
    if (this.phase === "ready" && !this.#fetching && this.#map.footageAt(this.#fedMs + INTO_PICTURE_MS)) this.#feed(this.#fedMs);
  }

  /** The picture after (`direction` 1) or before (-1) the one shown; null where it is not there. */
  neighbour(direction) {
    const at = this.#shownMs ?? this.#targetMs;
    const times = this.#times;
    const index = direction > 0 ? times.findIndex((ms) => ms > at + 0.5) : times.findLastIndex((ms) => ms < at - 0.5);
    return index < 0 || !this.#rangeAt(times[index] + INTO_PICTURE_MS) ? null : times[index] + INTO_PICTURE_MS;
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
    if (this.#video.playbackRate !== rate) this.#video.playbackRate = rate;
    this.#video.defaultPlaybackRate = rate;
  }

  set muted(muted) {
    this.#video.muted = muted;
  }

  /** Clears the picture and forgets the footage. */
  close() {
    this.#stopFetching();
    this.#dropSource();
    this.#clearStill();
    this.#become("empty");
  }

  #become(phase) {
    if (this.phase === phase) return;
    this.phase = phase;
    this.#changed();
  }

  #rangeAt(ms) {
    if (!this.#buffer) return null;
    const { buffered } = this.#buffer;
    const at = (ms - this.#baseMs) / 1000;
    for (let index = 0; index < buffered.length; index += 1) {
      if (buffered.start(index) - 0.001 <= at && at < buffered.end(index)) {
        return [this.#baseMs + buffered.start(index) * 1000, this.#baseMs + buffered.end(index) * 1000];
      }
    }
    return null;
  }

  #stopFetching() {
    this.#fetching?.abort();
    this.#fetching = null;
  }

  #feedAgain() {
    if (this.bufferedToMs === this.#fedMs && this.#fetching) return;
    this.#stopFetching();
    this.#feed(this.bufferedToMs);
  }

  /** Fetches and appends pieces from an instant on, as far ahead as is needed, until stopped. */
  async #feed(fromMs) {
    const control = new AbortController();
    this.#fetching = control;
    this.#fedMs = fromMs;
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
    if (this.#fedMs - this.positionMs > AHEAD_MS * Math.max(1, Math.abs(this.#rate)) && this.phase === "ready") {
      await sleep(200, signal);
      return true;
    }
    const from = this.#fedMs;
    await this.#map.cover(from, from + PIECE_MS, NEAR_MS);
    const span = this.#map.footageAt(from + INTO_PICTURE_MS);
    if (!span || signal.aborted) return false;
    const piece = await this.#pieces.next(from, Math.min(from + PIECE_MS, span.endMs + 1), this.#keys, signal);
    if (signal.aborted) return false;
    if (!piece || piece.endMs <= this.#fedMs) return false;
    await this.#append(piece, signal);
    this.#attempt = 0;
    this.#fedMs = Math.max(piece.endMs, this.#fedMs);
    this.#aim(piece);
    return this.phase !== "unsupported";
  }

  /** After a seek: the picture wanted, or the first there is behind it. */
  #aim(piece) {
    if (this.phase !== "loading") return;
    if (piece.startMs > this.#targetMs) this.#targetMs = piece.times[0] + INTO_PICTURE_MS;
    const range = this.#rangeAt(this.#targetMs) ?? this.#rangeAt(this.#targetMs + SOUND_LATE_MS);
    if (!range) return;
    this.#targetMs = Math.max(this.#targetMs, range[0] + INTO_PICTURE_MS);
    this.#show();
  }

  /** The footage ends before the instant that was asked for: its last picture. */
  #aimAtLast() {
    const last = this.#times.findLast((ms) => ms <= this.#targetMs && this.#rangeAt(ms + INTO_PICTURE_MS));
    if (last === undefined) {
      this.#become("empty");
      return;
    }
    this.#targetMs = last + INTO_PICTURE_MS;
    this.#show();
  }

  #show() {
    this.#become("ready");
    this.#video.currentTime = (this.#targetMs - this.#baseMs) / 1000;
    this.#video.playbackRate = this.#rate;
  }

  async #append(piece, signal) {
    if (!(await this.#open(piece.mime)) || signal.aborted) return;
    const buffer = this.#buffer;
    await idle(buffer, signal);
    if (signal.aborted) return;
    if (piece.digest !== this.#digest) {
      await appended(buffer, piece.init, signal);
      this.#digest = piece.digest;
    }
    buffer.timestampOffset = (piece.anchorMs - this.#baseMs) / 1000;
    await this.#trim(KEEP_BEHIND_MS * Math.max(1, Math.abs(this.#rate)), signal);
    try {
      await appended(buffer, piece.data, signal);
    } catch (error) {
      if (error.name !== "QuotaExceededError") throw error;
      await this.#trim(0, signal);
      await appended(buffer, piece.data, signal);
    }
    this.#times = [...new Set([...this.#times, ...piece.times])].sort((a, b) => a - b).slice(-TIMES_MAX);
  }

  async #trim(keepMs, signal) {
    const before = (this.positionMs - keepMs - this.#baseMs) / 1000;
    const { buffered } = this.#buffer;
    if (this.phase !== "ready" || !buffered.length || buffered.start(0) > before - 5 || this.#rate < 0) return;
    await updated(this.#buffer, signal, () => this.#buffer.remove(0, before));
    const first = this.#buffer.buffered.length ? this.#baseMs + this.#buffer.buffered.start(0) * 1000 : Infinity;
    this.#times = this.#times.filter((ms) => ms >= first - 1);
  }

  /** Makes ready for pictures of that type; false where the browser cannot play them. */
  async #open(mime) {
    if (!Source?.isTypeSupported(mime)) {
      this.#dropSource();
      this.#clearStill();
      this.#become("unsupported");
      return false;
    }
    this.hasSound = mime.includes("mp4a");
    if (this.#source && mime === this.#mime) return true;
    if (this.#source && mime.includes("mp4a") === this.#mime.includes("mp4a")) {
      this.#buffer.changeType(mime);
      this.#mime = mime;
      return true;
    }
    this.#dropSource();
    const source = new Source();
    this.#source = source;
    this.#mime = mime;
    this.#address = URL.createObjectURL(source);
    this.#video.src = this.#address;
    await new Promise((done) => source.addEventListener("sourceopen", done, { once: true }));
    if (source !== this.#source) return false;
    source.duration = MEDIA_SECONDS;
    this.#buffer = source.addSourceBuffer(mime);
    this.#watchShown(source);
    return true;
  }

  #watchShown(source) {
    const seen = (_, frame) => {
      if (source !== this.#source) return;
      this.#shownMs = this.#nearest(this.#baseMs + frame.mediaTime * 1000);
      this.#clearStill();
      this.#changed();
      this.#watching = this.#video.requestVideoFrameCallback(seen);
    };
    this.#watching = this.#video.requestVideoFrameCallback(seen);
  }

  #nearest(ms) {
    const after = this.#times.findIndex((time) => time >= ms - 0.5);
    return after >= 0 && Math.abs(this.#times[after] - ms) < 1 ? this.#times[after] : ms;
  }

  #settled() {
    if (this.#video.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA) this.#clearStill();
    this.#changed();
  }

  #dropSource() {
    const had = this.#source !== null;
    this.#source = this.#buffer = null;
    this.#mime = this.#digest = "";
    this.#times = [];
    this.#shownMs = null;
    if (this.#watching) this.#video.cancelVideoFrameCallback?.(this.#watching);
    this.#watching = 0;
    if (!had) return;
    URL.revokeObjectURL(this.#address);
    this.#video.removeAttribute("src");
    this.#video.load();
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

  #fail() {
    const at = this.positionMs;
    this.#stopFetching();
    this.#dropSource();
    this.#become("failed");
    this.#targetMs = at;
    const control = new AbortController();
    this.#fetching = control;
    sleep(delaySeconds(this.#attempt++) * 1000, control.signal).then(() => {
      if (!control.signal.aborted) this.seek(at, { keys: this.#keys });
    });
  }
}

function updated(buffer, signal, work) {
  return new Promise((done, failed) => {
    const ended = new AbortController();
    const finish = (result) => () => {
      ended.abort();
      result();
    };
    const once = { signal: ended.signal };
    buffer.addEventListener("updateend", finish(done), once);
    buffer.addEventListener("error", finish(() => failed(new Error("the pictures cannot be decoded"))), once);
    signal.addEventListener("abort", finish(() => failed(new Error("stopped"))), once);
    try {
      work();
    } catch (error) {
      ended.abort();
      failed(error);
    }
  });
}

/** What was begun before the last stop is over. */
function idle(buffer, signal) {
  if (!buffer.updating) return null;
  return new Promise((done) => {
    buffer.addEventListener("updateend", done, { once: true, signal });
    signal.addEventListener("abort", done, { once: true });
  });
}

const appended = (buffer, data, signal) => updated(buffer, signal, () => buffer.appendBuffer(data));

function sleep(ms, signal) {
  return new Promise((done) => {
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", () => { clearTimeout(timer); done(); }, { once: true });
  });
}
