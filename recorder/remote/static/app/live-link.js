// One live WebSocket of one stream: reads its messages.

import { Link } from "./live/link.js";

const HEADER_BYTES = 16;
const KIND_INIT = 1;
const KIND_FRAGMENT = 2;
const SILENCE_SECONDS_MAX = 12;

export class LiveLink extends Link {
  #url;
  #handlers;
  #socket = null;

  /** handlers: hello(hello), media({init, key, labelMs, data}), changed(). */
  constructor(url, handlers) {
    super(handlers.changed, SILENCE_SECONDS_MAX);
    this.#url = url;
    this.#handlers = handlers;
  }

  open() {
    const socket = new WebSocket(this.#url);
    socket.binaryType = "arraybuffer";
    socket.onmessage = (event) => this.#receive(event.data);
    socket.onclose = (event) => this.closed(event.code);
    this.#socket = socket;
  }

  drop() {
    const socket = this.#socket;
    this.#socket = null;
    if (!socket) return;
    socket.onmessage = null;
    socket.onclose = null;
    // Closing a socket that still connects makes the browser complain on the console.
    if (socket.readyState === WebSocket.CONNECTING) socket.onopen = () => socket.close();
    else socket.close();
  }

  #receive(data) {
    this.heard();
    if (data instanceof ArrayBuffer) {
      this.#media(data);
      return;
    }
    const message = JSON.parse(data);
    if (message.hello) {
      this.opened();
      this.#handlers.hello(message.hello);
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
}
