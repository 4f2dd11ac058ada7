// <recording-form>: how one camera is recorded, and changing it. Who may not, or may not now, sees nothing of it.

import { make, setText } from "../element.js";
import { t } from "../i18n.js";
import { ask, troubleText } from "../upkeep/ask.js";

const MODES = ["continuous", "event", "schedule", "off"];

export class RecordingForm extends HTMLElement {
  #path = "";
  #signal = null;
  #mode = null;
  #spans = null;
  #summary = make("summary");
  #said = make("p", { class: "camera-said", role: "status" });

  async begin(camera, signal) {
    this.#path = `api/v1/cameras/${encodeURIComponent(camera.id)}/recording`;
    this.#signal = signal;
    const answer = await ask(this.#path, { signal });
    if (answer.ok) this.#build(answer.data);
  }

  #build({ mode, schedule }) {
    this.#mode = make("select", { "aria-label": t("record.mode") },
      ...MODES.map((name) => make("option", { value: name, selected: name === mode }, t(`record.${name}`))));
    this.#spans = make("input", { id: "recording-spans", value: schedule.join(", "), autocomplete: "off", "aria-describedby": "recording-hint" });
    const put = make("button", { type: "button", class: "button" }, t("record.put"));
    const when = make("div", { class: "field", hidden: mode !== "schedule" },
      make("label", { for: "recording-spans" }, t("record.spans")), this.#spans,
      make("p", { id: "recording-hint", class: "camera-said" }, t("record.hint")));
    this.#mode.addEventListener("change", () => {
      when.hidden = this.#mode.value !== "schedule";
      setText(this.#said, "");
    });
    put.addEventListener("click", () => this.#put(put));
    this.#name(mode);
    this.replaceChildren(make("details", { class: "recording" }, this.#summary,
      make("div", { class: "recording-mode" }, this.#mode, put), when, this.#said));
  }

  #name(mode) {
    setText(this.#summary, t("record.now", { mode: t(`record.${mode}`) }));
  }

  async #put(button) {
    const body = { mode: this.#mode.value };
    if (body.mode === "schedule") body.schedule = this.#spans.value.split(/[,、;\n]/u).map((span) => span.trim()).filter(Boolean);
    button.disabled = true;
    setText(this.#said, t("record.putting"));
    const answer = await ask(this.#path, { method: "POST", body, signal: this.#signal });
    button.disabled = false;
    if (answer.ok) this.#name(answer.data.mode);
    const detail = answer.data?.code === "recording_malformed" ? answer.data.detail : null;
    setText(this.#said, answer.ok ? t("record.done", { mode: t(`record.${answer.data.mode}`) }) : detail ?? troubleText(answer));
  }
}
