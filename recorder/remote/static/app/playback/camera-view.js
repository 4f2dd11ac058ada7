// <camera-view>: one camera's recorded picture, with its name and, where there is no picture, why.

import { make, setAttribute, setText } from "../element.js";
import { since } from "../format.js";
import { t } from "../i18n.js";
import { CameraPlayer } from "./camera-player.js";

export class CameraView extends HTMLElement {
  player = null;
  #map = null;
  #parts = {};

  begin(camera, map, changed) {
    const name = make("h3", { class: "view-name", id: `view-${camera.id}` }, camera.name);
    this.#map = map;
    this.#parts = {
      video: make("video", { playsinline: true, tabindex: "-1", "aria-labelledby": `view-${camera.id}` }),
      still: make("canvas", { class: "view-still", hidden: true, "aria-hidden": "true" }),
      title: make("p", { class: "view-title" }),
      line: make("p", { class: "view-line" }),
      remedy: make("p", { class: "view-line view-remedy" }),
      busy: make("p", { class: "badge view-busy", hidden: true }, t("playback.loading")),
    };
    const p = this.#parts;
    p.card = make("div", { class: "view-card", hidden: true }, p.title, p.line, p.remedy);
    this.replaceChildren(make("article", { class: "view", "aria-labelledby": `view-${camera.id}` }, p.video, p.still, p.card, name, p.busy));
    this.player = new CameraPlayer(map, p.video, p.still, changed);
  }

  disconnectedCallback() {
    this.player?.close();
  }

  /** Shows why there is no picture, if there is none. `denial`: the problem that forbids it, or null. */
  show({ atMs, denied, denial, seeking, nowMs, zone, linked }) {
    const p = this.#parts;
    const [tone, title, line, remedy] = this.#card(atMs, denied, denial, seeking, nowMs, zone);
    setAttribute(this, "data-tone", tone);
    p.card.hidden = title === "";
    setText(p.title, title);
    setText(p.line, line);
    setText(p.remedy, remedy);
    p.busy.hidden = title !== "" || (this.player.phase === "ready" && this.player.hasPicture);
    setText(p.busy, t(linked ? "playback.loading" : "playback.waiting"));
  }

  #card(atMs, denied, denial, seeking, nowMs, zone) {
    if (denied) {
      const from = denial?.since ? t("time.since", { time: since(Date.parse(denial.since), nowMs, zone) }) : "";
      return ["lapsed", denial?.title ?? t("playback.denied"), from, denial?.remedy ?? ""];
    }
    if (this.player.phase === "unsupported") return ["muted", t("tile.unsupported"), "", t("tile.unsupported.remedy")];
    if (!seeking && this.player.phase === "empty" && !this.#map.footageAt(atMs)) {
      const gap = this.#map.gapAt(atMs);
      return ["muted", t("playback.gap"), t(`playback.reason.${gap?.reason ?? "none"}`), ""];
    }
    return ["picture", "", "", ""];
  }
}
