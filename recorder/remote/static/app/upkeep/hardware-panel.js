// <hardware-panel>: temperatures, disks, and how the cameras fare.

import { make } from "../element.js";
import { t } from "../i18n.js";

export class HardwarePanel extends HTMLElement {
  #drawn = "";

  /** `told`: GET /api/v1/maintenance. */
  show(told) {
    const drawn = JSON.stringify([told.temperatures, told.disks, told.cameras]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    const heat = told.temperatures.length
      ? told.temperatures.map(({ name, celsius }) => fact(name, t("upkeep.celsius", { celsius: celsius.toFixed(1) }), celsius >= 80))
      : [fact(t("upkeep.temperature"), t("upkeep.no_sensor"))];
    this.replaceChildren(
      make("section", { class: "panel", "aria-labelledby": "heat-title" },
        make("h2", { id: "heat-title" }, t("upkeep.hardware")),
        make("dl", { class: "facts" }, ...heat.flat(), ...told.disks.flatMap(disk))),
      make("section", { class: "panel", "aria-labelledby": "rates-title" },
        make("h2", { id: "rates-title" }, t("upkeep.cameras")), cameraTable(told.cameras)));
  }
}

const fact = (name, value, bad = false) => [make("dt", {}, name), make("dd", { class: bad ? "mark-no" : null }, value)];

function disk({ device, model, health, reason, wear_percent: wear }) {
  const words = [t(`upkeep.health.${health}`)];
  if (wear !== null) words.push(t("upkeep.wear", { wear }));
  if (reason) words.push(t(`upkeep.reason.${reason}`));
  const bad = health === "worn" || health === "failing";
  return fact(t("upkeep.disk", { name: [device, model].filter(Boolean).join(" ") || "–" }), words.join(" · "), bad);
}

function cameraTable(cameras) {
  const column = (key) => make("th", { scope: "col" }, t(key));
  const cell = (key, text, bad = false) => make("td", { class: bad ? "numbers mark-no" : "numbers", "data-label": t(key) }, text);
  const rows = cameras.flatMap(({ name, id, streams }) => Object.entries(streams).map(([stream, one]) => make("tr", {},
    make("th", { scope: "row" }, `${name || id} (${stream})`),
    cell("upkeep.picture", one.width ? `${one.codec} ${one.width}×${one.height}` : "–"),
    cell("upkeep.rate", one.phase === "streaming" ? `${one.fps.toFixed(1)} fps · ${(one.bitrate_bps / 1e6).toFixed(2)} Mbit/s` : `× ${t(`upkeep.phase.${one.phase}`)}`, one.phase !== "streaming"),
    cell("upkeep.lost", String(one.packets_lost), one.packets_lost > 0),
    cell("upkeep.skew", one.clock_skew_ms === null ? "–" : `${one.clock_skew_ms} ms`))));
  return make("table", { class: "camera-table" },
    make("thead", {}, make("tr", {}, column("upkeep.camera"), column("upkeep.picture"), column("upkeep.rate"), column("upkeep.lost"), column("upkeep.skew"))),
    make("tbody", {}, ...rows));
}
