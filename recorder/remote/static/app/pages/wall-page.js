// <wall-page>: every camera live, beside it licences and device.

import { DevicePanel } from "../device-panel.js";
import { make } from "../element.js";
import { t } from "../i18n.js";
import { LicencePanel, MatrixPanel } from "../licence-panel.js";
import { LiveWall } from "../live-wall.js";

const PARTS = {
  "live-wall": LiveWall,
  "matrix-panel": MatrixPanel,
  "licence-panel": LicencePanel,
  "device-panel": DevicePanel,
};
for (const [name, element] of Object.entries(PARTS)) customElements.define(name, element);

export class WallPage extends HTMLElement {
  begin(site, query, signal) {
    const parts = Object.keys(PARTS).map((name) => make(name));
    const [wall, matrix, licence, device] = parts;
    this.replaceChildren(
      make("div", { class: "layout" },
        make("div", { class: "main-column" },
          make("section", { "aria-labelledby": "wall-title" },
            make("h2", { id: "wall-title", class: "visually-hidden" }, t("wall.title")), wall),
          matrix),
        make("div", { class: "side" }, licence, device)),
    );
    for (const part of parts) part.begin(site, signal);
  }
}
