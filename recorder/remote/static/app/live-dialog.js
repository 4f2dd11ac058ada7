// <live-dialog>: one camera large, from its main stream, or the other if asked. Escape, the button or another page closes it.

import { make } from "./element.js";
import { t } from "./i18n.js";
import { CameraPanel } from "./live/camera-panel.js";

const TICK_MS = 250;

customElements.define("camera-panel", CameraPanel);

export class LiveDialog extends HTMLElement {
  #site = null;
  #tile = null;

  begin(site) {
    this.#site = site;
    document.addEventListener("open-camera", (event) => this.#open(event.detail));
    site.addEventListener("state", () => {
      const camera = site.state.cameras.find((other) => other.id === this.#tile?.camera.id);
      if (camera) this.#tile.update(camera);
    });
    document.addEventListener("visibilitychange", () => this.#tile?.visible(!document.hidden));
  }

  #open(camera) {
    const close = make("button", { class: "button", type: "button" }, t("dialog.close"));
    const title = make("h2", { id: "viewer-title" }, camera.name);
    this.#tile = make("live-tile");
    const panel = make("camera-panel");
    const ending = new AbortController();
    const dialog = make("dialog", { class: "viewer", "aria-labelledby": "viewer-title" },
      make("div", { class: "viewer-head" }, title, close), this.#tile, panel);
    close.addEventListener("click", () => dialog.close());
    dialog.addEventListener("click", (event) => event.target === dialog && dialog.close());
    const timer = setInterval(() => this.#tile?.tick(), TICK_MS);
    dialog.addEventListener("close", () => {
      clearInterval(timer);
      ending.abort();
      this.#tile = null;
      dialog.remove();
    });
    this.append(dialog);
    this.#tile.show(camera, "main", this.#site);
    panel.begin(camera, this.#site, (stream) => this.#choose(camera, stream), ending.signal);
    addEventListener("hashchange", () => dialog.close(), { signal: ending.signal });
    dialog.showModal();
  }

  #choose(camera, stream) {
    const tile = make("live-tile");
    this.#tile.replaceWith(tile);
    this.#tile = tile;
    tile.show(camera, stream, this.#site);
  }
}
