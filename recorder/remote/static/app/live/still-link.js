// One answer without end of key pictures (live.mjpeg), for browsers that play no live video: reads its parts.
//
// Not an <img> of that address: it would tell neither when a picture came, nor of when it is, nor why none comes.

import { Link } from "./link.js";

const SILENCE_SECONDS_MAX = 35; // the recorder itself ends an answer without pictures after 30

const HEAD_BYTES_MAX = 1024;
const PICTURE_BYTES_MAX = 16 << 20;
const HEAD_END = [13, 10, 13, 10];

export class StillLink extends Link {
  #url;
  #handlers;
  #asking = null;

  /** handlers: picture({labelMs, data}), changed(). */
  constructor(url, handlers) {
    super(handlers.changed, SILENCE_SECONDS_MAX);
    this.#url = url;
    this.#handlers = handlers;
  }

  open() {
    this.#asking = new AbortController();
    this.#read(this.#asking.signal);
  }

  drop() {
    this.#asking?.abort();
    this.#asking = null;
  }

  async #read(signal) {
    let code = 0;
    try {
      const answer = await fetch(this.#url, { signal, cache: "no-store" });
      if (answer.ok) {
        this.opened();
        await this.#readParts(answer.body.getReader(), signal);
      } else {
        code = answer.status;
        this.endProblem = await answer.json();
      }
    } catch {
      // Broken off, or aborted by `drop`: told apart below.
    }
    if (!signal.aborted) this.closed(code);
  }

  async #readParts(reader, signal) {
    let held = new Uint8Array();
    for (;;) {
      const { done, value } = await reader.read();
      if (done || signal.aborted) return;
      held = joined(held, value);
      for (let part = partOf(held); part; part = partOf(held)) {
        held = held.subarray(part.end);
        this.heard();
        this.#handlers.picture(part);
      }
    }
  }
}

/** The first whole part in these bytes, which begin before its boundary; null if more must come. */
function partOf(bytes) {
  const at = bytes.findIndex((_, start) => HEAD_END.every((byte, offset) => bytes[start + offset] === byte));
  if (at < 0) {
    if (bytes.length > HEAD_BYTES_MAX) throw new Error("a part without a head");
    return null;
  }
  const head = new TextDecoder().decode(bytes.subarray(0, at));
  const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? NaN);
  if (!(length <= PICTURE_BYTES_MAX)) throw new Error("a part without a length");
  const start = at + HEAD_END.length;
  if (bytes.length < start + length) return null;
  const labelMs = Number(/^x-label-us: *(\d+)/im.exec(head)?.[1] ?? NaN) / 1000;
  return { labelMs, data: bytes.slice(start, start + length), end: start + length };
}

function joined(first, second) {
  if (first.length === 0) return second;
  const whole = new Uint8Array(first.length + second.length);
  whole.set(first);
  whole.set(second, first.length);
  return whole;
}
