// Sheets of small pictures, one a minute, for what lies under the pointer. A few are kept; none outlives the licence.

import { cameraPath } from "./footage-map.js";

const HOUR = 3_600_000;
const COLUMNS = 10;
export const TILE = { width: 160, height: 90 };
const SHEETS_MAX = 24;
const FRESH_MS = 60_000;

export class Sprites {
  #sheets = new Map();
  #signal;

  constructor(signal) {
    this.#signal = signal;
    signal.addEventListener("abort", () => this.clear(), { once: true });
  }

  /** Draws the picture of that minute; false while it is not there (then it is fetched, and `ready` called). */
  draw(canvas, camera, ms, ready) {
    const hour = Math.floor(ms / HOUR) * HOUR;
    const key = `${camera} ${hour}`;
    const sheet = this.#sheets.get(key);
    if (!sheet || (sheet.loadedAt && Date.now() - sheet.loadedAt > FRESH_MS && hour + 2 * HOUR > Date.now())) {
      this.#load(key, camera, hour, ready);
    }
    if (!sheet?.image) return false;
    const minute = Math.floor((ms - hour) / 60_000);
    const { width, height } = TILE;
    const x = (minute % COLUMNS) * width;
    const y = Math.floor(minute / COLUMNS) * height;
    canvas.getContext("2d").drawImage(sheet.image, x, y, width, height, 0, 0, canvas.width, canvas.height);
    return true;
  }

  clear() {
    for (const { image } of this.#sheets.values()) image?.close();
    this.#sheets.clear();
  }

  async #load(key, camera, hour, ready) {
    const before = this.#sheets.get(key);
    if (before?.loading) return;
    const entry = { image: before?.image ?? null, loading: true, loadedAt: 0 };
    this.#sheets.set(key, entry);
    try {
      const name = new Date(hour).toISOString().slice(0, 13);
      const answer = await fetch(`${cameraPath(camera)}/sprites/${name}.jpg`, { signal: this.#signal });
      const image = answer.ok ? await createImageBitmap(await answer.blob()) : null;
      if (this.#sheets.get(key) !== entry) {
        image?.close();
        return;
      }
      before?.image?.close();
      entry.image = image;
    } catch {
      // No picture is shown; the next look asks again.
    }
    entry.loading = false;
    entry.loadedAt = Date.now();
    this.#shrink();
    ready();
  }

  #shrink() {
    for (const [key, { image, loading }] of this.#sheets) {
      if (this.#sheets.size <= SHEETS_MAX) return;
      if (loading) continue;
      image?.close();
      this.#sheets.delete(key);
    }
  }
}
