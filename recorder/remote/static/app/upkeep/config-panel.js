// <config-panel>: the configuration as text, checked by the recorder before it counts; and its versions.

import { make, setText } from "../element.js";
import { dateTime } from "../format.js";
import { t } from "../i18n.js";
import { ask, confirmed, troubleText } from "./ask.js";

export class ConfigPanel extends HTMLElement {
  #zone = "UTC";
  #signal = null;
  #basedOn = "";
  #loaded = "";
  #parts = {};

  begin(site, signal) {
    this.#zone = site.state.device.time_zone;
    this.#signal = signal;
    const button = (key, work, kind = "") => {
      const made = make("button", { type: "button", class: `button ${kind}` }, t(key));
      made.addEventListener("click", work);
      return made;
    };
    const p = (this.#parts = {
      text: make("textarea", { id: "config-text", rows: "18", spellcheck: "false", autocomplete: "off", wrap: "off", "aria-describedby": "config-note" }),
      note: make("input", { id: "config-why", type: "text", maxlength: "200", autocomplete: "off" }),
      said: make("p", { class: "operation-said", role: "status" }),
      errors: make("ul", { class: "config-errors", role: "alert" }),
      save: button("upkeep.config.save", () => this.#save(), "is-main"),
      again: button("upkeep.config.again", () => this.load()),
      versions: make("ol", { class: "version-list" }),
      diff: make("pre", { class: "diff", tabindex: "0", hidden: true, "aria-label": t("upkeep.config.diff") }),
    });
    p.text.addEventListener("input", () => this.#mark());
    this.replaceChildren(make("section", { class: "panel", "aria-labelledby": "config-title" },
      make("h2", { id: "config-title" }, t("upkeep.config")),
      make("p", { id: "config-note", class: "panel-note" }, t("upkeep.config.text")),
      make("label", { class: "visually-hidden", for: "config-text" }, t("upkeep.config")), p.text, p.errors,
      make("div", { class: "field" }, make("label", { for: "config-why" }, t("upkeep.config.why")), p.note),
      p.said, make("div", { class: "button-row" }, p.save, p.again),
      make("h3", {}, t("upkeep.config.versions")), p.versions, p.diff));
  }

  /** Reads it anew; what was typed is lost. */
  async load() {
    const answer = await ask("api/v1/config", { signal: this.#signal });
    if (this.#signal.aborted) return;
    const p = this.#parts;
    if (!answer.ok) {
      setText(p.said, `× ${troubleText(answer)}`);
      return;
    }
    p.text.value = this.#loaded = answer.data.text;
    this.#basedOn = answer.data.based_on;
    p.errors.replaceChildren();
    p.diff.hidden = true;
    this.#mark();
    await this.#versions();
  }

  #mark() {
    this.#parts.save.disabled = this.#parts.text.value === this.#loaded;
  }

  async #save() {
    const p = this.#parts;
    p.save.disabled = true;
    const body = { text: p.text.value, based_on: this.#basedOn, note: p.note.value };
    await this.#took(await ask("api/v1/config", { method: "PUT", body, signal: this.#signal }));
    this.#mark();
  }

  async #took(answer) {
    const p = this.#parts;
    if (this.#signal.aborted) return;
    p.errors.replaceChildren(...(answer.data?.errors ?? []).map((mistake) => this.#mistake(mistake)));
    if (!answer.ok) {
      setText(p.said, `× ${troubleText(answer)}`);
      return;
    }
    const { restart_for: waiting } = answer.data;
    p.note.value = "";
    await this.load();
    setText(p.said, `○ ${t("upkeep.config.done")} ${waiting.length ? t("upkeep.config.waiting", { names: waiting.join(", ") }) : ""}`);
  }

  #mistake({ line, field, problem }) {
    const where = line === null ? "" : t("upkeep.config.line", { line });
    const text = [where, field, problem].filter(Boolean).join(" · ");
    if (line === null) return make("li", {}, text);
    const jump = make("button", { type: "button", class: "link-button" }, text);
    jump.addEventListener("click", () => this.#jump(line));
    return make("li", {}, jump);
  }

  #jump(line) {
    const { text } = this.#parts;
    const lines = text.value.split("\n");
    const start = lines.slice(0, line - 1).reduce((sum, one) => sum + one.length + 1, 0);
    text.focus();
    text.setSelectionRange(start, start + (lines[line - 1]?.length ?? 0));
    text.scrollTop = (text.scrollHeight / lines.length) * Math.max(line - 4, 0);
  }

  async #versions() {
    const answer = await ask("api/v1/config/versions", { signal: this.#signal });
    if (!answer.ok) return;
    const { versions } = answer.data;
    this.#parts.versions.replaceChildren(...(versions.length ? versions.map((one) => this.#version(one)) : [make("li", { class: "panel-note" }, t("upkeep.config.none"))]));
  }

  #version({ number, at, by, note }) {
    const show = make("button", { type: "button", class: "button" }, t("upkeep.config.compare"));
    const back = make("button", { type: "button", class: "button" }, t("upkeep.config.restore"));
    show.addEventListener("click", () => this.#compare(number));
    back.addEventListener("click", () => this.#restore(number));
    const words = [dateTime(Date.parse(at), this.#zone), by || t("upkeep.config.by_hand"), note].filter(Boolean).join(" · ");
    return make("li", {}, make("span", { class: "numbers" }, `${number} · ${words}`), make("div", { class: "button-row" }, show, back));
  }

  async #compare(number) {
    const answer = await ask(`api/v1/config/versions/${number}`, { signal: this.#signal });
    const { diff } = this.#parts;
    diff.hidden = false;
    const text = answer.ok ? answer.data.diff || t("upkeep.config.same") : troubleText(answer);
    diff.replaceChildren(...text.split("\n").map((line) => {
      const tone = line.startsWith("+") ? "mark-yes" : line.startsWith("-") ? "mark-no" : null;
      return make("span", { class: tone }, `${line}\n`);
    }));
    diff.focus();
  }

  async #restore(number) {
    if (!(await confirmed(t("upkeep.config.restore.title", { number }), t("upkeep.config.restore.text"), t("upkeep.config.restore")))) return;
    await this.#took(await ask(`api/v1/config/versions/${number}/restore`, { method: "POST", signal: this.#signal }));
  }
}
