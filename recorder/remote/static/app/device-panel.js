// <device-panel>: the disk, and the device information of remote maintenance (M9) while that is licensed.

import { every, make, setText } from "./element.js";
import { bytes, dateTime, uptime } from "./format.js";
import { language, t } from "./i18n.js";

const REFRESH_MS = 10_000;

export class DevicePanel extends HTMLElement {
  #site = null;
  #allowed = null;
  #parts = {};

  begin(site, signal) {
    this.#site = site;
    this.#parts = {
      meter: make("meter", { min: "0", max: "1", value: "0", "aria-labelledby": "storage-text" }),
      storage: make("p", { id: "storage-text", class: "numbers" }),
      oldest: make("p", { class: "panel-note numbers" }),
      message: make("p", { class: "panel-note is-bad" }),
      facts: make("dl", { class: "facts" }),
      denied: make("p", { class: "panel-note is-bad" }),
    };
    const p = this.#parts;
    this.replaceChildren(
      make("section", { class: "panel", "aria-labelledby": "storage-title" },
        make("h2", { id: "storage-title" }, t("storage.title")), p.storage, p.meter, p.oldest, p.message),
      make("section", { class: "panel", "aria-labelledby": "device-title" },
        make("h2", { id: "device-title" }, t("device.title")), p.facts, p.denied),
    );
    site.addEventListener("state", () => this.#update(), { signal });
    every(REFRESH_MS, signal, () => !document.hidden && this.#fetch());
    if (site.state) this.#update();
  }

  #update() {
    const { storage, features, device } = this.#site.state;
    const p = this.#parts;
    p.meter.value = storage.bytes_max ? storage.used_bytes / storage.bytes_max : 0;
    setText(p.storage, t("storage.used", { used: bytes(storage.used_bytes), max: bytes(storage.bytes_max) }));
    const oldest = storage.oldest ? dateTime(Date.parse(storage.oldest), device.time_zone) : null;
    setText(p.oldest, oldest ? t("storage.oldest", { time: oldest }) : "");
    setText(p.message, storage.message);
    const allowed = features.find((feature) => feature.id === "M9")?.allowed ?? false;
    p.facts.hidden = !allowed;
    setText(p.denied, allowed ? "" : `× ${t("device.denied")}`);
    if (allowed !== this.#allowed) {
      this.#allowed = allowed;
      this.#fetch();
    }
  }

  async #fetch() {
    if (!this.#allowed) return;
    try {
      const response = await fetch(`api/v1/device?lang=${language()}`);
      if (response.ok) this.#parts.facts.replaceChildren(...rows(await response.json()));
    } catch {
      // Unreachable: the header says so.
    }
  }
}

function rows(device) {
  const values = {
    model: device.model,
    ...(device.serial ? { serial: device.serial } : {}),
    firmware: device.firmware,
    uptime: uptime(device.uptime_seconds),
    load: device.load_average.map((load) => load.toFixed(2)).join(" "),
    free: bytes(device.storage.free_bytes),
    ...(device.storage.fits_seconds ? { fits: uptime(device.storage.fits_seconds) } : {}),
    system: device.system,
  };
  return Object.entries(values).flatMap(([name, value]) => [
    make("dt", {}, t(`device.${name}`)),
    make("dd", {}, String(value)),
  ]);
}
