// One live WebSocket of one stream: reads its messages, and knows when to connect again.
//
// After 4401 and 4403 nothing is tried until the site state says that the licence is back; after anything else the
// link reconnects by itself, with a growing pause.

import { delaySeconds } from "./backoff.js";

const HEADER_BYTES = 16;
const KIND_INIT = 1;
const KIND_FRAGMENT = 2;
const SILENCE_SECONDS_MAX = 12;
const REFUSED_RETRY_SECONDS = 5; // active by the state, refused by live: asked again this often at most
const FINAL_CODES = new Set([4401, 4403]);
const PATIENT_CODES = new Set([4404, 4409]);
const PATIENT_SECONDS = 15;

export class LiveLink {
  /** "idle", "connecting", "open", "waiting" (for `retryAt`) or "ended" (by the licence). */
  phase = "idle";
  retryAt = 0;
  closeCode = null;
  endProblem = null;
  endedAt = 0;
  #url;
  #handlers;
  #socket = null;
  #timer = 0;
  #attempt = 0;
  #heardAt = 0;
  #active = true;
  #seenLapsed = false;

  /** handlers: hello(hello), media({init, key, labelMs, data}), changed(). */
  constructor(url, handlers) {
    this.#url = url;
    this.#handlers = handlers;
  }

  start() {
    if (this.phase === "idle") this.#connect();
  }

  stop() {
    clearTimeout(this.#timer);
    this.#drop();
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
    this.#drop();
    this.#retry(delaySeconds(this.#attempt++));
  }

  /** Called now and then while the camera is said to stream: a silent connection is a dead one. */
  watch() {
    if (this.phase === "open" && performance.now() - this.#heardAt > SILENCE_SECONDS_MAX * 1000) this.restart();
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#drop();
    const socket = new WebSocket(this.#url);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.#closed(event.code);
    this.#socket = socket;
    this.#heardAt = performance.now();
    this.#become("connecting");
  }

  #receive(data) {
    this.#heardAt = performance.now();
    if (data instanceof ArrayBuffer) {
      this.#media(data);
      return;
    }
    const message = JSON.parse(data);
    if (message.hello) {
      this.closeCode = null;
      this.endProblem = null;
      this.#handlers.hello(message.hello);
      this.#become("open");
    } else if (message.end) {
      this.endProblem = message.end.problem;
    }
  }

  #media(buffer) {
    const header = new DataView(buffer, 0, HEADER_BYTES);
    const kind = header.getUint8(0);
    if (kind !== KIND_INIT && kind !== KIND_FRAGMENT) return;
    this.#handlers.media({
      init: kind === KIND_INIT,
      key: (header.getUint8(1) & 1) === 1,
      labelMs: Number(header.getBigUint64(8)) / 1000,
      data: new Uint8Array(buffer, HEADER_BYTES),
    });
  }

  #closed(code) {
    this.#socket = null;
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

  #retry(seconds) {
    clearTimeout(this.#timer);
    this.retryAt = performance.now() + seconds * 1000;
    this.#timer = setTimeout(() => this.#connect(), seconds * 1000);
    this.#become("waiting");
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    // Closing a socket that still connects makes the browser complain on the console.
    if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
    else socket.close();
  }

  #become(phase) {
    this.phase = phase;
    this.#handlers.changed();
  }
}
