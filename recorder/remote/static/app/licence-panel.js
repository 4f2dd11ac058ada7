// <licence-panel>: each camera's licence. <matrix-panel>: what a lapse stops, and what is allowed now.

import { every, make, setText } from "./element.js";
import { calendarDay, isNear, remaining, since } from "./format.js";
import { t } from "./i18n.js";

const TICK_MS = 250;

export class LicencePanel extends HTMLElement {
  #site = null;
  #items = new Map();
  #list = null;
  #remedy = null;
  #service = null;
  #code = null;

  begin(site, signal) {
    this.#site = site;
    this.#list = make("ul", { class: "licence-list" });
    this.#remedy = make("p", { class: "panel-note" });
    this.#service = make("p", { class: "panel-note licence-service" });
    this.#code = make("img", { class: "registration-code", alt: t("service.qr"), hidden: "" });
    this.replaceChildren(
      make("section", { class: "panel", "aria-labelledby": "licence-title" },
        make("h2", { id: "licence-title" }, t("licence.title")), this.#list, this.#remedy,
        this.#service, this.#code),
    );
    every(TICK_MS, signal, () => this.#draw());
    this.#draw();
  }

  #draw() {
    if (!this.#site.state) return;
    for (const camera of this.#site.state.cameras) {
      if (!this.#items.has(camera.id)) this.#items.set(camera.id, this.#add());
      this.#drawItem(this.#items.get(camera.id), camera);
    }
    const remedies = this.#site.state.cameras.map((camera) => camera.licence.denial?.remedy).filter(Boolean);
    setText(this.#remedy, [...new Set(remedies)].join(" "));
    setText(this.#service, this.#serviceText(this.#site.state.licence.service));
    this.#drawCode(this.#site.state.licence.service?.code);
  }

  /** The QR code to register by; asked for again when the code is another one. */
  #drawCode(code) {
    if (this.#code.dataset.code === (code ?? "")) return;
    this.#code.dataset.code = code ?? "";
    this.#code.hidden = !code;
    if (code) this.#code.src = `api/v1/registration.svg?${new URLSearchParams({ code })}`;
    else this.#code.removeAttribute("src");
  }

  #serviceText(service) {
    if (!service) return "";
    const zone = this.#site.state.device.time_zone;
    const shown = (instant) => since(Date.parse(instant), this.#site.nowMs(), zone);
    const texts = [t(`service.${service.phase}`, { time: shown(service.since) })];
    if (service.code) texts.push(t("service.code", { code: service.code }));
    if (service.phase === "offline" && service.stale_after) {
      texts.push(t("service.until", { time: shown(service.stale_after) }));
    }
    return texts.join(" ");
  }

  #add() {
    const parts = {
      name: make("span", { class: "licence-name" }),
      state: make("span", { class: "licence-state" }),
      left: make("span", { class: "licence-left" }),
      detail: make("span", { class: "licence-detail" }),
    };
    parts.item = make("li", { class: "licence-item" }, parts.name, parts.state, parts.left, parts.detail);
    this.#list.append(parts.item);
    return parts;
  }

  #drawItem(parts, camera) {
    const { licence } = camera;
    const active = licence.state === "active";
    const zone = this.#site.state.device.time_zone;
    const now = this.#site.nowMs();
    const left = licence.until ? Date.parse(licence.until) - now : null;
    parts.item.classList.toggle("is-lapsed", !active);
    setText(parts.name, camera.name);
    setText(parts.state, active ? `○ ${t("licence.active")}` : `× ${t(licence.denial.since ? "licence.lapsed" : "licence.none")}`);
    parts.state.className = `licence-state ${active ? "mark-yes" : "mark-no"}`;
    parts.left.classList.toggle("is-near", left !== null && isNear(left));
    if (active) {
      setText(parts.left, left === null ? "" : t("licence.left", { left: remaining(left) }));
      setText(parts.detail, licence.last_day ? t("licence.last_day", { day: calendarDay(licence.last_day) }) : "");
    } else {
      const { denial } = licence;
      setText(parts.left, denial.title);
      setText(parts.detail, denial.since ? t("time.since", { time: since(Date.parse(denial.since), now, zone) }) : "");
    }
  }
}

export class MatrixPanel extends HTMLElement {
  #site = null;
  #drawn = "";
  #body = null;

  begin(site, signal) {
    this.#site = site;
    this.#body = make("tbody", { role: "rowgroup" });
    const column = (key, kind) => make("th", { scope: "col", role: "columnheader", class: kind }, t(key));
    const head = make("tr", { role: "row" },
      column("matrix.function", null), column("matrix.lapsed", "mark"), column("matrix.now", "mark"));
    this.replaceChildren(
      make("section", { class: "panel", "aria-labelledby": "matrix-title" },
        make("h2", { id: "matrix-title" }, t("matrix.title")),
        make("table", { class: "matrix", role: "table", "aria-labelledby": "matrix-title" },
          make("thead", { role: "rowgroup" }, head), this.#body)),
    );
    site.addEventListener("state", () => this.#draw(), { signal });
    if (site.state) this.#draw();
  }

  #draw() {
    const { features, cameras } = this.#site.state;
    const drawn = JSON.stringify(features);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#body.replaceChildren(...features.map((feature) => this.#row(feature, cameras)));
  }

  #row(feature, cameras) {
    const continues = feature.lapsed === "continues";
    const partly = feature.allowed && feature.denied_cameras.length > 0;
    const count = cameras.length - feature.denied_cameras.length;
    const now = partly ? `△ ${t("matrix.some", { count, all: cameras.length })}` : mark(feature.allowed, "matrix.yes", "matrix.no");
    const rule = mark(continues, "matrix.continues", "matrix.stops");
    const tone = partly ? "mark-partly" : feature.allowed ? "mark-yes" : "mark-no";
    return make("tr", { role: "row", class: tone === "mark-yes" ? null : "is-denied", "data-feature": feature.id },
      make("th", { scope: "row", role: "rowheader" },
        make("span", { class: "feature-id" }, feature.id), t(`feature.${feature.id}`)),
      cell("mark-rule", "matrix.lapsed", rule),
      cell(tone, "matrix.now", now));
  }
}

const cell = (tone, labelKey, text) =>
  make("td", { role: "cell", class: `mark ${tone}` },
    make("span", { class: "cell-label", "aria-hidden": "true" }, t(labelKey)), make("span", {}, text));

const mark = (yes, yesKey, noKey) => (yes ? `○ ${t(yesKey)}` : `× ${t(noKey)}`);
