// <operations-panel>: what may be done with the recorder and its cameras. What interrupts something is asked for twice.

import { make, setText } from "../element.js";
import { dateTime } from "../format.js";
import { t } from "../i18n.js";
import { ask, confirmed, troubleText } from "./ask.js";

const IDENTIFY_SECONDS = 30;

export class OperationsPanel extends HTMLElement {
  #site = null;
  #signal = null;
  #changed = null;
  #parts = {};
  #check = "";

  /** `changed` is called after what changes something. */
  begin(site, signal, changed) {
    this.#site = site;
    this.#signal = signal;
    this.#changed = changed;
    const button = (key, work, kind = "") => {
      const made = make("button", { type: "button", class: `button ${kind}` }, t(key));
      made.addEventListener("click", async () => {
        made.disabled = true;
        await work();
        made.disabled = false;
      });
      return made;
    };
    const p = (this.#parts = {
      said: make("p", { class: "operation-said", role: "status" }),
      time: button("upkeep.time", () => this.#time()),
      camera: make("select", { id: "reboot-camera" },
        ...site.state.cameras.map(({ id, name }) => make("option", { value: id }, name || id))),
      check: make("div", { class: "check-state" }),
      quick: button("upkeep.check.quick", () => this.#begin(false)),
      deep: button("upkeep.check.deep", () => this.#begin(true)),
    });
    const line = (text, ...controls) => make("div", { class: "operation" }, make("p", {}, t(text)), make("div", { class: "button-row" }, ...controls));
    this.replaceChildren(
      make("section", { class: "panel", "aria-labelledby": "operations-title" },
        make("h2", { id: "operations-title" }, t("upkeep.operations")), p.said,
        line("upkeep.identify.text", button("upkeep.identify", () => this.#identify())),
        line("upkeep.time.text", p.time),
        line("upkeep.logs.text", make("a", { class: "button", href: "api/v1/maintenance/logs.tar.gz", download: "" }, t("upkeep.logs"))),
        line("upkeep.reboot.text", make("label", { class: "visually-hidden", for: "reboot-camera" }, t("upkeep.camera")), p.camera, button("upkeep.reboot", () => this.#reboot())),
        line("upkeep.restart.text", button("upkeep.restart", () => this.#restart(), "is-grave"))),
      make("section", { class: "panel", "aria-labelledby": "check-title" },
        make("h2", { id: "check-title" }, t("upkeep.check")), make("p", { class: "panel-note" }, t("upkeep.check.text")),
        p.check, make("div", { class: "button-row" }, p.quick, p.deep)));
  }

  /** `told`: GET /api/v1/maintenance. */
  show(told) {
    this.#parts.time.hidden = !told.service;
    const drawn = JSON.stringify(told.check);
    if (drawn === this.#check) return;
    this.#check = drawn;
    this.#parts.quick.hidden = this.#parts.deep.hidden = told.check.phase === "running";
    this.#parts.check.replaceChildren(...this.#checkState(told.check));
  }

  #checkState(check) {
    const { phase, segments, total, result } = check;
    if (phase === "none") return [];
    if (phase === "running") {
      const label = t("upkeep.check.progress", { segments, total });
      const end = make("button", { type: "button", class: "button" }, t("upkeep.check.end"));
      end.addEventListener("click", () => this.#do("api/v1/maintenance/check", { method: "DELETE" }));
      return [make("progress", { max: String(Math.max(total, segments, 1)), value: String(segments), "aria-label": label }),
        make("p", { class: "numbers" }, label), end];
    }
    if (phase === "failed") return [make("p", { class: "mark-no" }, `× ${check.problem}`)];
    if (phase === "cancelled") return [make("p", { class: "panel-note" }, t("upkeep.check.cancelled"))];
    const time = dateTime(Date.parse(check.ended_at), this.#site.state.device.time_zone);
    if (result.agrees) return [make("p", { class: "mark-yes" }, `○ ${t("upkeep.check.good", { segments: result.segments, time })}`)];
    const shown = result.differences.slice(0, 20).map(({ kind, path, detail }) => make("li", {}, `${kind}: ${path}: ${detail}`));
    const count = Object.values(result.counts).reduce((sum, one) => sum + one, 0);
    return [make("p", { class: "mark-no" }, `× ${t("upkeep.check.bad", { count, time })}`), make("ul", { class: "panel-note" }, ...shown)];
  }

  /** Says how it went. */
  async #do(path, options, done) {
    const answer = await ask(path, { method: "POST", signal: this.#signal, ...options });
    if (this.#signal.aborted) return;
    setText(this.#parts.said, answer.ok ? (done?.(answer.data) ?? "") : `× ${troubleText(answer)}`);
    this.#changed();
  }

  #identify() {
    return this.#do("api/v1/maintenance/identify", { body: { seconds: IDENTIFY_SECONDS } }, () => t("upkeep.identify.done", { seconds: IDENTIFY_SECONDS }));
  }

  #time() {
    return this.#do("api/v1/maintenance/time", {}, ({ wall_ahead_seconds: ahead }) => t("upkeep.time.done", { ahead: ahead.toFixed(1) }));
  }

  async #reboot() {
    const { value, selectedOptions } = this.#parts.camera;
    const name = selectedOptions[0].textContent;
    if (!(await confirmed(t("upkeep.reboot.title", { name }), t("upkeep.reboot.warning"), t("upkeep.reboot")))) return;
    await this.#do(`api/v1/cameras/${value}/reboot`, {}, () => t("upkeep.reboot.done", { name }));
  }

  async #restart() {
    if (!(await confirmed(t("upkeep.restart.title"), t("upkeep.restart.warning"), t("upkeep.restart")))) return;
    await this.#do("api/v1/maintenance/restart", {}, () => t("upkeep.restart.done"));
    this.#site.addEventListener("link", () => this.#site.connected && setText(this.#parts.said, ""), { signal: this.#signal });
  }

  #begin(deep) {
    return this.#do("api/v1/maintenance/check", { body: { deep } });
  }
}
