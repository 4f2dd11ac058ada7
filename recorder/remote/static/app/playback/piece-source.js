// Pieces of stored footage, one request each, and the init sections they need.

import { language } from "../i18n.js";
import { delayMs, pictureTimes } from "./boxes.js";
import { cameraPath, instant } from "./footage-map.js";

const INITS_MAX = 32;

export class PieceSource {
  #camera;
  #inits = new Map();

  constructor(camera) {
    this.#camera = camera;
  }

  /**
   * The first piece at or after an instant: {mime, init, digest, data, anchorMs, startMs, endMs, times}; `times` are
   * those of its pictures on the wall clock. Null where there is none. `keys`: key pictures alone. Throws where the
   * recorder cannot be reached, `Refused` where it says no.
   */
  async next(fromMs, toMs, keys, signal) {
    const query = new URLSearchParams({ from: instant(fromMs), to: instant(toMs), lang: language() });
    if (keys) query.set("keys", "1");
    const answer = await fetch(`${cameraPath(this.#camera)}/media?${query}`, { signal });
    if (answer.status === 404) return null;
    if (!answer.ok) throw new Refused(answer.status);
    const { headers } = answer;
    const data = await answer.arrayBuffer();
    const init = await this.#init(headers.get("Edge-Init"), keys, signal);
    const anchorMs = exactMs(headers.get("Edge-Anchor"));
    return {
      mime: headers.get("Content-Type"),
      init: init.data,
      digest: init.key,
      data,
      anchorMs,
      startMs: exactMs(headers.get("Edge-Start")),
      endMs: exactMs(headers.get("Edge-End")),
      times: pictureTimes(data, init.delay).map((ms) => anchorMs + ms),
    };
  }

  async #init(entry, keys, signal) {
    const key = `${entry.split("-")[2]}${keys ? " silent" : ""}`;
    if (!this.#inits.has(key)) {
      const answer = await fetch(`${cameraPath(this.#camera)}/init/${entry}.mp4${keys ? "?sound=0" : ""}`, { signal });
      if (!answer.ok) throw new Refused(answer.status);
      const data = await answer.arrayBuffer();
      if (this.#inits.size >= INITS_MAX) this.#inits.clear();
      this.#inits.set(key, { key, data, delay: delayMs(data) });
    }
    return this.#inits.get(key);
  }
}

/** The recorder said no; the site's state says why. */
export class Refused extends Error {
  constructor(status) {
    super(`HTTP ${status}`);
    this.status = status;
  }
}

/** An instant to the microsecond: Date knows milliseconds only. */
function exactMs(text) {
  const micros = /\.(\d{3})(\d{3})/.exec(text);
  return Date.parse(text.replace(/(\.\d{3})\d{3}/, "$1")) + (micros ? Number(micros[2]) / 1000 : 0);
}
