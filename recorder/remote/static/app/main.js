// Starts the page: language first, then the site's state, then everything that shows it.

import { socketAddress } from "./address.js";
import { DevicePanel } from "./device-panel.js";
import { loadCatalogue, language, t, wantedLanguage } from "./i18n.js";
import { LicencePanel, MatrixPanel } from "./licence-panel.js";
import { LiveDialog } from "./live-dialog.js";
import { LiveTile } from "./live-tile.js";
import { LiveWall } from "./live-wall.js";
import { SiteHeader } from "./site-header.js";
import { SiteState } from "./site-state.js";

const ELEMENTS = {
  "site-header": SiteHeader,
  "live-wall": LiveWall,
  "licence-panel": LicencePanel,
  "matrix-panel": MatrixPanel,
  "device-panel": DevicePanel,
  "live-dialog": LiveDialog,
};

await loadCatalogue(wantedLanguage());
const site = new SiteState(socketAddress("api/v1/state", { lang: language() }));
customElements.define("live-tile", LiveTile);
for (const [name, Element] of Object.entries(ELEMENTS)) {
  customElements.define(name, Element);
  document.querySelector(name).begin(site);
}
announceLicences(site);
site.start();

/** Says aloud when a camera's licence lapses or comes back. */
function announceLicences(source) {
  const announcer = document.getElementById("announcer");
  const known = new Map();
  source.addEventListener("state", () => {
    const news = [];
    for (const { id, name, licence } of source.state.cameras) {
      if (known.has(id) && known.get(id) !== licence.state) news.push(t(`announce.${licence.state}`, { name }));
      known.set(id, licence.state);
    }
    if (news.length) announcer.textContent = news.join(" ");
  });
}
