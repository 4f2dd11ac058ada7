// <camera-panel>: what can be done with one camera beside looking at it: its other stream, a picture to keep, its past, and
// where it can be turned, how it is recorded.

import { make, setAttribute, setText } from "../element.js";
import { t } from "../i18n.js";
import { RecordingForm } from "./recording-form.js";

customElements.define("recording-form", RecordingForm);

export class CameraPanel extends HTMLElement {
  #camera = null;
  #said = make("p", { class: "camera-said", role: "status" });
  #presets = make("div", { class: "camera-presets", role: "group", hidden: true });

  /** `choose(stream)`: whoever shows the pictures shows those of that stream. `signal`: aborted when this ends. */
  begin(camera, site, choose, signal) {
    this.#camera = camera;
    const keep = make("a", { class: "button", href: this.#path("snapshot.jpg?stream=main"), download: `${camera.id}.jpg` }, t("live.keep"));
    const past = make("a", { class: "button", href: `#/playback?${new URLSearchParams({ camera: camera.id })}` }, t("live.past"));
    setAttribute(this.#presets, "aria-label", t("live.presets"));
    const recording = make("recording-form");
    this.replaceChildren(
      make("div", { class: "camera-actions" }, this.#streams(choose), keep, past), this.#presets, this.#said, recording);
    if (!(site.may?.("operator") ?? true)) return;
    this.#showPresets(signal);
    recording.begin(camera, signal);
  }

  #streams(choose) {
    const names = Object.keys(this.#camera.streams);
    if (names.length < 2) return null;
    const buttons = names.map((name) => make("button", { type: "button", class: "button", "aria-pressed": String(name === "main") }, t(`live.${name}`)));
    for (const [at, button] of buttons.entries()) {
      button.addEventListener("click", () => {
        for (const other of buttons) setAttribute(other, "aria-pressed", String(other === button));
        choose(names[at]);
      });
    }
    return make("div", { class: "camera-streams", role: "group", "aria-label": t("live.streams") }, ...buttons);
  }

  async #showPresets(signal) {
    const answer = await this.#ask("presets", { signal });
    if (!answer?.presets?.length) return;
    this.#presets.replaceChildren(
      make("span", { "aria-hidden": "true" }, t("live.presets")),
      ...answer.presets.map(({ token, name }) => {
        const button = make("button", { type: "button", class: "button" }, name || token);
        button.addEventListener("click", () => this.#turn(token, name || token, signal));
        return button;
      }));
    this.#presets.hidden = false;
  }

  async #turn(token, name, signal) {
    setText(this.#said, t("live.turning", { name }));
    const answer = await this.#ask("preset", { method: "POST", body: JSON.stringify({ preset: token }), signal });
    setText(this.#said, answer === null ? t("live.unreachable") : answer.title ? (answer.detail ?? answer.title) : t("live.turned", { name }));
  }

  /** What the recorder answers, also where it refuses; null where it does not answer. */
  async #ask(what, options) {
    try {
      return await (await fetch(this.#path(what), options)).json();
    } catch {
      return null;
    }
  }

  #path(what) {
    return `api/v1/cameras/${encodeURIComponent(this.#camera.id)}/${what}`;
  }
}
