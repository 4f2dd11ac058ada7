// <audit-page>: who did what; for admins. The newest first, more at a button.

import { choice, failure, field, tell } from "../access/fields.js";
import { ask, RefusedError } from "../access/session.js";
import { make } from "../element.js";
import { fullDate, clockTime } from "../format.js";
import { t } from "../i18n.js";

const GROUPS = ["sign_in", "view", "playback", "download", "export", "control", "user", "refused"];

export class AuditPage extends HTMLElement {
  #site = null;
  #signal = null;
  #before = null;
  #failure = failure();
  #rows = make("ul", { class: "audit-rows", role: "list" });
  #more = make("button", { class: "button", type: "button", hidden: true }, t("access.audit.more"));
  #note = make("p", { class: "access-hint", hidden: true });
  #form = null;

  begin(site, query, signal) {
    this.#site = site;
    this.#signal = signal;
    const action = choice("action", t("access.audit.action"),
      [["", t("access.audit.all")], ...GROUPS.map((group) => [group, t(`access.audit.group.${group}`)])], query.get("action") ?? "");
    const actor = field("actor", t("access.audit.actor"), { required: false, maxlength: 200, value: query.get("actor") ?? "" });
    const filter = make("button", { class: "button" }, t("access.audit.show"));
    this.#form = make("form", { class: "audit-filter" }, action.element, actor.element, filter);
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#load(false);
    });
    action.input.addEventListener("change", () => this.#load(false));
    this.#more.addEventListener("click", () => this.#load(true));
    this.replaceChildren(make("section", { class: "page", "aria-labelledby": "audit-title" },
      make("h2", { id: "audit-title", class: "page-title" }, t("nav.audit")), make("p", { class: "access-hint" }, t("access.audit.text")),
      make("div", { class: "panel access-panel" }, this.#form, this.#failure, this.#rows, this.#more, this.#note)));
    if (site.state) this.#load(false);
    else site.addEventListener("state", () => this.#load(false), { signal, once: true }); // it names zone and cameras
  }

  async #load(onwards) {
    const asked = new URLSearchParams([...new FormData(this.#form)].filter(([, value]) => value !== ""));
    if (onwards) asked.set("before", this.#before);
    this.#failure.hidden = true;
    try {
      const { entries, before, cut, lost } = await ask(`audit?${asked}`);
      if (this.#signal.aborted) return;
      const rows = entries.map((entry) => this.#row(entry));
      if (onwards) this.#rows.append(...rows);
      else this.#rows.replaceChildren(...(rows.length ? rows : [make("li", { class: "access-hint" }, t("access.audit.none"))]));
      this.#before = before;
      this.#more.hidden = before === null;
      const notes = [cut ? t("access.audit.cut", { count: cut }) : "", lost ? t("access.audit.lost", { count: lost }) : ""];
      this.#note.textContent = notes.join(" ").trim();
      this.#note.hidden = this.#note.textContent === "";
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      if (!this.#signal.aborted) tell(this.#failure, error.problem);
    }
  }

  #row(entry) {
    const at = Date.parse(entry.at);
    const zone = this.#site.state.device.time_zone;
    const camera = entry.camera && (this.#site.state.cameras.find((one) => one.id === entry.camera)?.name || entry.camera);
    const key = `access.act.${entry.action}`;
    const action = t(key) === key ? entry.action : t(key); // what has no words here stands as it is
    return make("li", { class: "audit-row" },
      make("time", { datetime: entry.at }, `${fullDate(at, zone)} ${clockTime(at, zone)}`),
      make("span", { class: "audit-what", "data-tone": /failed|refused/.test(entry.action) ? "bad" : false },
        action, camera ? make("span", { class: "audit-camera" }, camera) : null),
      make("span", { class: "audit-who" }, entry.actor,
        make("small", {}, [t(`access.origin.${entry.origin}`), entry.address].filter(Boolean).join(" · "))),
      make("span", { class: "access-hint audit-detail" }, entry.detail));
  }
}
