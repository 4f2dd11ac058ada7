// <live-wall>: a tile for each camera of the site, in as square a grid as fits.

import { every, make } from "./element.js";

const TICK_MS = 250;

export class LiveWall extends HTMLElement {
  #site = null;

  begin(site, signal) {
    this.#site = site;
    site.addEventListener("state", () => this.#update(), { signal });
    document.addEventListener("visibilitychange", () => {
      for (const tile of this.#tiles()) tile.visible(!document.hidden);
    }, { signal });
    every(TICK_MS, signal, () => {
      for (const tile of this.#tiles()) tile.tick();
    });
    if (site.state) this.#update();
  }

  #tiles() {
    return this.querySelectorAll("live-tile");
  }

  #update() {
    const { cameras } = this.#site.state;
    const known = new Map([...this.#tiles()].map((tile) => [tile.camera.id, tile]));
    for (const camera of cameras) {
      const tile = known.get(camera.id);
      known.delete(camera.id);
      if (tile) tile.update(camera);
      else this.#add(camera);
    }
    for (const gone of known.values()) gone.remove();
    this.style.setProperty("--columns", String(Math.ceil(Math.sqrt(cameras.length))));
  }

  #add(camera) {
    const tile = make("live-tile");
    this.append(tile);
    tile.show(camera, "sub" in camera.streams ? "sub" : "main", this.#site);
  }
}
