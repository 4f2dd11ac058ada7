// The recorder's state, kept current over a WebSocket that reconnects by itself.

import { delaySeconds } from "./backoff.js";

const SILENCE_SECONDS_MAX = 4; // the recorder sends at least once a second

const SIGNED_OUT = 4401;

/** Events: `state` (a new state came), `link` (connected or not has changed), `signedout` (and nothing is tried again). */
export class SiteState extends EventTarget {
  state = null;
  connected = false;
  retryAt = 0;
  #url;
  #socket = null;
  #attempt = 0;
  #receivedAt = 0;
  #nowAtReceipt = 0;

  constructor(url) {
    super();
    this.#url = url;
  }

  start() {
    this.#connect();
    setInterval(() => this.#watch(), 1000);
  }

  /** The site's wall time in ms, running on between two messages. */
  nowMs() {
    return this.#nowAtReceipt + (performance.now() - this.#receivedAt);
  }

  #connect() {
    this.retryAt = 0;
    const socket = new WebSocket(this.#url);
    this.#socket = socket;
    this.#receivedAt ||= performance.now();
    const openedAt = performance.now();
    socket.onmessage = (event) => this.#receive(JSON.parse(event.data));
    socket.onclose = (event) => this.#closed(socket, event.code);
    socket.openedAt = openedAt;
  }

  #receive(state) {
    if (state.end) return; // why it closes; the close says so, too
    this.state = state;
    this.#receivedAt = performance.now();
    this.#nowAtReceipt = Date.parse(state.now);
    this.#attempt = 0;
    if (!this.connected) {
      this.connected = true;
      this.dispatchEvent(new Event("link"));
    }
    this.dispatchEvent(new Event("state"));
  }

  #closed(socket, code = 0) {
    if (socket !== this.#socket) return;
    this.#socket = null;
    if (code === SIGNED_OUT) {
      this.dispatchEvent(new Event("signedout")); // nothing is tried until somebody has signed in again
      return;
    }
    const delay = delaySeconds(this.#attempt++) * 1000;
    this.retryAt = performance.now() + delay;
    setTimeout(() => this.#connect(), delay);
    if (this.connected) this.connected = false;
    this.dispatchEvent(new Event("link"));
  }

  #watch() {
    const socket = this.#socket;
    const heardAt = Math.max(this.#receivedAt, socket?.openedAt ?? 0);
    if (socket && performance.now() - heardAt > SILENCE_SECONDS_MAX * 1000) {
      socket.onclose = null;
      socket.onmessage = null;
      socket.close();
      this.#closed(socket);
    }
  }
}
