// <device-page>: remote maintenance (M9): what the recorder is and how it fares, what may be done with it, its configuration.
// While no camera is licensed it says why, and comes back by itself.

import { every, make } from "../element.js";
import { t } from "../i18n.js";
import { ask } from "../upkeep/ask.js";
import { ConfigPanel } from "../upkeep/config-panel.js";
import { HardwarePanel } from "../upkeep/hardware-panel.js";
import { OperationsPanel } from "../upkeep/operations-panel.js";

const PARTS = { "config-panel": ConfigPanel, "hardware-panel": HardwarePanel, "operations-panel": OperationsPanel };
for (const [name, element] of Object.entries(PARTS)) customElements.define(name, element);

const REFRESH_MS = 2_000;
const MACHINE_MS = 10_000;

export class DevicePage extends HTMLElement {
  #site = null;
  #signal = null;
  #parts = {};
  #allowed = null;
  #asking = false;
  #askedAt = 0;
  #running = false;

  begin(site, query, signal) {
    this.#site = site;
    this.#signal = signal;
    const start = () => {
      site.removeEventListener("state", start);
      if (!signal.aborted) this.#start();
    };
    if (site.state) start();
    else site.addEventListener("state", start, { signal });
  }

  #start() {
    const p = (this.#parts = {
      device: make("device-panel"),
      denied: make("section", { class: "panel denied", role: "status", hidden: true }),
      hardware: make("hardware-panel"),
      operations: make("operations-panel"),
      config: make("config-panel"),
    });
    p.inside = make("div", { class: "upkeep-inside", hidden: true }, p.hardware, p.operations, p.config);
    this.replaceChildren(make("div", { class: "page upkeep" },
      make("h2", { class: "page-title" }, t("nav.device")), p.denied, p.device, p.inside));
    p.device.begin(this.#site, this.#signal);
    p.operations.begin(this.#site, this.#signal, () => this.#refresh());
    p.config.begin(this.#site, this.#signal);
    this.#site.addEventListener("state", () => this.#react(), { signal: this.#signal });
    every(REFRESH_MS, this.#signal, () => !document.hidden && (this.#running || performance.now() - this.#askedAt > MACHINE_MS) && this.#refresh());
    this.#react();
  }

  #react() {
    const allowed = this.#site.state.features.find(({ id }) => id === "M9")?.allowed ?? false;
    if (allowed === this.#allowed) return;
    this.#allowed = allowed;
    if (!allowed) this.#deny(this.#site.state.cameras.find(({ licence }) => licence.denial)?.licence.denial);
    else this.#refresh();
  }

  #deny(problem) {
    const p = this.#parts;
    p.inside.hidden = true;
    p.denied.hidden = false;
    p.denied.replaceChildren(
      make("h2", {}, `× ${problem?.title ?? t("device.denied")}`), make("p", {}, t("upkeep.denied")), make("p", { class: "panel-note" }, problem?.remedy ?? ""));
  }

  async #refresh() {
    if (!this.#allowed || this.#asking) return;
    this.#asking = true;
    const answer = await ask("api/v1/maintenance", { signal: this.#signal });
    this.#asking = false;
    this.#askedAt = performance.now();
    if (this.#signal.aborted || !this.#allowed) return;
    if (!answer.ok) {
      if (answer.data) this.#deny(answer.data);
      return;
    }
    const p = this.#parts;
    p.hardware.show(answer.data);
    p.operations.show(answer.data);
    this.#running = answer.data.check.phase === "running";
    p.denied.hidden = true;
    if (p.inside.hidden) p.config.load();
    p.inside.hidden = false;
  }
}
