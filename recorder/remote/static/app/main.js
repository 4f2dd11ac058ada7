// Starts the app: language first, then the site's state, then header, navigation and the page asked for.

import { session } from "./access/session.js";
import { socketAddress } from "./address.js";
import { loadCatalogue, language, t, wantedLanguage } from "./i18n.js";
import { LiveDialog } from "./live-dialog.js";
import { LiveTile } from "./live-tile.js";
import { SiteHeader } from "./site-header.js";
import { SiteState } from "./site-state.js";

await Promise.all([loadCatalogue(wantedLanguage()), session.load()]);
if (session.blocked) showSignIn();
const { Router } = await import("./router.js"); // pages may speak as soon as they are loaded
const { SiteNav } = await import("./site-nav.js");
const site = new SiteState(socketAddress("api/v1/state", { lang: language() }));
customElements.define("live-tile", LiveTile);
for (const [name, element] of Object.entries({ "site-header": SiteHeader, "site-nav": SiteNav, "live-dialog": LiveDialog })) {
  customElements.define(name, element);
  document.querySelector(name).begin(site);
}
const main = document.getElementById("page");
document.querySelector(".skip-link").addEventListener("click", (event) => {
  event.preventDefault(); // the hash says which page is shown
  main.focus();
});
new Router(site, main, (name) => document.querySelector("site-nav").mark(name));
announceLicences(site);
site.addEventListener("signedout", async () => {
  session.user = null;
  await session.load();
  document.querySelector("site-nav").hidden = true;
  showSignIn();
});
if (!session.blocked) site.start();

/** The sign-in page, which comes back to where we are. */
function showSignIn() {
  const here = location.hash.replace(/^#\/?/, "");
  if (!here.startsWith("sign-in")) location.hash = `#/sign-in?${new URLSearchParams({ next: here })}`;
}

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
