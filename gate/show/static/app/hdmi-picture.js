// <hdmi-picture>: the monitor's picture as it moves; one that has stopped is never shown as if it moved.

import { Multipart } from "./multipart.js";

const RETRY_MS = 500;
const STALE_MS = 3000;

export class HdmiPicture extends HTMLElement {
  /** How many pictures have been shown, and when the newest one was (performance.now()). */
  shown = 0;
  shownAt = 0;
  #canvas = document.createElement("canvas");
  #newest = null;
  #decoding = false;

  connectedCallback() {
    this.#canvas.setAttribute("role", "img");
    this.append(this.#canvas);
    this.#follow();
    setInterval(() => this.toggleAttribute("data-stale", !this.moves), 250);
  }

  /** Its name for who does not see it. */
  name(text) {
    this.#canvas.setAttribute("aria-label", text);
  }

  get moves() {
    return this.shown > 0 && performance.now() - this.shownAt < STALE_MS;
  }

  async #follow() {
    for (;;) {
      const ended = new AbortController();
      const watch = setInterval(() => {
        if (document.hidden || (this.shown && performance.now() - this.shownAt > 2 * STALE_MS)) ended.abort();
      }, STALE_MS);
      try {
        if (!document.hidden) await this.#read(ended.signal);
      } catch {
        // It broke off; the next try follows.
      }
      clearInterval(watch);
      await new Promise((wake) => setTimeout(wake, RETRY_MS));
      this.shownAt = Math.max(this.shownAt, performance.now() - 2 * STALE_MS); // a new try has its own time
    }
  }

  async #read(signal) {
    const response = await fetch("hdmi.mjpeg", { signal, cache: "no-store" });
    if (!response.ok) {
      await response.body?.cancel();
      return;
    }
    const parts = new Multipart();
    const reader = response.body.getReader();
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const pictures = parts.feed(value);
      if (pictures.length) this.#take(pictures.at(-1));
    }
  }

  /** Decodes one at a time; of those that come meanwhile only the newest. */
  async #take(jpeg) {
    this.#newest = jpeg;
    if (this.#decoding) return;
    this.#decoding = true;
    try {
      while (this.#newest) {
        const bytes = this.#newest;
        this.#newest = null;
        this.#draw(await createImageBitmap(new Blob([bytes], { type: "image/jpeg" })));
      }
    } catch {
      // One torn picture; the next is whole.
    } finally {
      this.#decoding = false;
    }
  }

  #draw(picture) {
    const canvas = this.#canvas;
    if (canvas.width !== picture.width || canvas.height !== picture.height) {
      canvas.width = picture.width;
      canvas.height = picture.height;
    }
    canvas.getContext("2d").drawImage(picture, 0, 0);
    picture.close();
    this.shown += 1;
    this.shownAt = performance.now();
  }
}
