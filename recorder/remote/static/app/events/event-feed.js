// The events as they happen, over a WebSocket that reconnects by itself.
//
// A recorder that may not tell (M8) says why and closes; nothing is tried again until the site state allows it.

import { socketAddress } from "../address.js";
import { delaySeconds } from "../backoff.js";
import { language } from "../i18n.js";

const FINAL_CODES = new Set([4401, 4403]);
const REFUSED_RETRY_MS = 5_000; // allowed by the state, refused by the recorder: asked again this often at most

export class EventFeed {
  /** Why nothing is told; null while it is. */
  problem = null;
  #handlers;
  #socket = null;
  #timer = 0;
  #attempt = 0;
  #endedAt = null;
  #over = false;
  #isAllowed = true;
  #seenDenied = false;

  /** handlers: opened() each time all is to be looked at anew, told(event), ended() with `problem` set. */
  constructor(handlers, signal) {
    this.#handlers = handlers;
    signal.addEventListener("abort", () => this.#stop(), { once: true });
    this.#connect();
  }

  /** Told with each site state: whether any camera's events may be shown. */
  allowed(allowed) {
    this.#isAllowed = allowed;
    if (this.#endedAt === null) return;
    if (!allowed) this.#seenDenied = true;
    else if (this.#seenDenied || performance.now() - this.#endedAt > REFUSED_RETRY_MS) this.#connect();
  }

  #connect() {
    clearTimeout(this.#timer);
    this.#endedAt = null;
    const socket = new WebSocket(socketAddress("api/v1/events", { lang: language() }));
    this.#socket = socket;
    let problem = null;
    let settled = 0;
    // A refusal comes at once: what says nothing for a moment has been let in.
    socket.onopen = () => (settled = setTimeout(() => this.#opened(), 150));
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.end) {
        clearTimeout(settled);
        problem = message.end.problem;
      } else if (message.event) {
        this.#handlers.told(message.event);
      } else if (message.dropped) {
        this.#handlers.opened();
      }
    };
    socket.onclose = ({ code }) => {
      clearTimeout(settled);
      if (this.#over) return;
      if (FINAL_CODES.has(code)) {
        this.problem = problem;
        this.#endedAt = performance.now();
        this.#seenDenied = !this.#isAllowed; // the state may have come before the close
        this.#handlers.ended();
      } else {
        this.#timer = setTimeout(() => this.#connect(), delaySeconds(this.#attempt++) * 1000);
      }
    };
  }

  #opened() {
    this.#attempt = 0;
    this.problem = null;
    this.#handlers.opened();
  }

  #stop() {
    this.#over = true;
    clearTimeout(this.#timer);
    const socket = this.#socket;
    socket.onmessage = null;
    // Closing a socket that still connects makes the browser complain on the console.
    if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
    else socket.close();
  }
}
