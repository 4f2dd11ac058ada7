// A connection that brings one stream's pictures, by whatever way: when it begins, when it is tried again, when not.
//
// After a refusal by the licence or the session nothing is tried until the site state says that the licence is back;
// after anything else the link reconnects by itself, with a growing pause.

import { delaySeconds } from "../backoff.js";

const REFUSED_RETRY_SECONDS = 5; // active by the state, refused by live: asked again this often at most
const FINAL_CODES = new Set([401, 403, 4401, 4403]);
const PATIENT_CODES = new Set([404, 4404, 4409]);
const PATIENT_SECONDS = 15;

export class Link {
  /** "idle", "connecting", "open", "waiting" (for `retryAt`) or "ended" (by the licence). */
  phase = "idle";
  retryAt = 0;
  /** Why the last session ended: a WebSocket's close code or HTTP's status, 0 for neither; null while one runs. */
  closeCode = null;
  endProblem = null;
  endedAt = 0;
  #changed;
  #silenceSeconds;
  #timer = 0;
  #attempt = 0;
  #heardAt = 0;
  #active = true;
  #seenLapsed = false;

  /** changed(): the phase has. `silenceSeconds`: a connection that says nothing for so long is dead. */
  constructor(changed, silenceSeconds) {
    this.#changed = changed;
    this.#silenceSeconds = silenceSeconds;
  }

  start() {
    if (this.phase === "idle") this.#connect();
  }

  stop() {
    clearTimeout(this.#timer);
    this.drop();
    this.#become("idle");
  }

  /** Told with each site state: whether this camera's licence is active. */
  licence(active) {
    this.#active = active;
    if (this.phase !== "ended") return;
    if (!active) this.#seenLapsed = true;
    else if (this.#seenLapsed || performance.now() - this.endedAt > REFUSED_RETRY_SECONDS * 1000) this.#connect();
  }

  /** A picture played: the connection is good, the next pause is short again. */
  proven() {
    this.#attempt = 0;
  }

  /** Starts over after the player has failed. */
  restart() {
    this.drop();
    this.#retry(delaySeconds(this.#attempt++));
  }

  /** Called now and then while the camera is said to stream. */
  watch() {
    if (this.phase === "open" && performance.now() - this.#heardAt > this.#silenceSeconds * 1000) this.restart();
  }

  /** For the kinds of links, which have `open()` and `drop()`, both without a word to the outside: the peer lives. */
  heard() {
    this.#heardAt = performance.now();
  }

  /** For the kinds of links: a session has begun. */
  opened() {
    this.closeCode = null;
    this.endProblem = null;
    this.heard();
    this.#become("open");
  }

  /** For the kinds of links: the session has ended, with this code. */
  closed(code) {
    this.drop();
    this.closeCode = code;
    if (FINAL_CODES.has(code)) {
      this.endedAt = performance.now();
      this.#seenLapsed = !this.#active; // the state may have come before the close
      this.#attempt = 0;
      this.#become("ended");
    } else {
      this.#retry(PATIENT_CODES.has(code) ? PATIENT_SECONDS : delaySeconds(this.#attempt++));
    }
  }

  #connect() {
    clearTimeout(this.#timer);
    this.drop();
    this.heard();
    this.open();
    this.#become("connecting");
  }

  #retry(seconds) {
    clearTimeout(this.#timer);
    this.retryAt = performance.now() + seconds * 1000;
    this.#timer = setTimeout(() => this.#connect(), seconds * 1000);
    this.#become("waiting");
  }

  #become(phase) {
    this.phase = phase;
    this.#changed();
  }
}
