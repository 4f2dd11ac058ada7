// The board's state over a WebSocket that comes back by itself, and its orders.

const RETRY_MS = 1000;
const SILENCE_MS_MAX = 6000;

/** Event `state`: a new one is in `state`, or the connection is gone (null). */
export class BoardLink extends EventTarget {
  state = null;
  #heardAt = 0;
  #socket = null;

  start() {
    this.#connect();
    setInterval(() => this.#watch(), RETRY_MS);
  }

  /** Does what the button says; the answer comes with the next state. */
  async order(name, wish = {}) {
    try {
      await fetch(`v1/${name}`, {
        method: "POST",
        headers: { "Content-Type": "application/json" },
        body: JSON.stringify(wish),
      });
    } catch {
      // The board is away; its state says so.
    }
  }

  #connect() {
    const url = new URL("v1/board", document.baseURI);
    url.protocol = "ws:";
    const socket = new WebSocket(url);
    this.#socket = socket;
    this.#heardAt = performance.now();
    socket.onmessage = (event) => {
      this.#heardAt = performance.now();
      this.#take(JSON.parse(event.data));
    };
    socket.onclose = () => {
      if (socket !== this.#socket) return;
      this.#socket = null;
      this.#take(null);
    };
  }

  #watch() {
    if (this.#socket && performance.now() - this.#heardAt > SILENCE_MS_MAX) this.#socket.close();
    if (!this.#socket) this.#connect();
  }

  #take(state) {
    this.state = state;
    this.dispatchEvent(new Event("state"));
  }
}
