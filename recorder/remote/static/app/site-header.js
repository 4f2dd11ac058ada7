// <site-header>: which recorder, what time it is there, how its licences stand.

import { ask, session } from "./access/session.js";
import { make, setAttribute, setText } from "./element.js";
import { clockTime, fullDate, isNear, remaining } from "./format.js";
import { language, t } from "./i18n.js";

const TICK_MS = 250;

export class SiteHeader extends HTMLElement {
  #site = null;
  #parts = {};

  begin(site) {
    this.#site = site;
    this.#build();
    site.addEventListener("state", () => this.#draw());
    site.addEventListener("link", () => this.#draw());
    setInterval(() => this.#draw(), TICK_MS);
  }

  #build() {
    const other = language() === "ja" ? "en" : "ja";
    this.#parts = {
      language: make("a", { class: "language", href: `?lang=${other}`, hreflang: other, lang: other },
        other === "ja" ? "日本語" : "English"),
      device: make("span", { class: "header-device" }),
      time: make("time"),
      date: make("span"),
      zone: make("span", { class: "header-zone" }),
      state: make("strong"),
      until: make("span", { class: "numbers" }),
      user: this.#user(),
      notice: make("p", { class: "notice", role: "alert", hidden: true }),
    };
    const p = this.#parts;
    p.language.addEventListener("click", () => (p.language.href = `?lang=${other}${location.hash}`));
    this.replaceChildren(
      make("header", {},
        make("div", { class: "header" },
          make("div", { class: "header-title" }, make("h1", {}, t("app.title")), p.device),
          make("p", { class: "header-licence licence-summary" }, p.state, p.until),
          make("div", { class: "header-tools" },
            make("p", { class: "header-time" }, p.time, make("small", {}, p.date, " ", p.zone)),
            p.user,
            p.language)),
        p.notice),
    );
  }

  /** Who is signed in, and the way out; through the licence service that is the portal's. */
  #user() {
    const { user, relayed, access } = session;
    if (!user || user.origin === "local") return null;
    const name = make("span", { class: "header-user-name", title: t(`access.role.${user.role}`) }, user.name);
    const leave = make("button", { type: "button", class: "button", hidden: relayed || access === "open" }, t("access.sign_out"));
    leave.addEventListener("click", async () => {
      leave.disabled = true;
      await ask("sign-out", { method: "POST", body: {} }).catch(() => {});
      location.hash = "#/sign-in";
      location.reload();
    });
    return make("div", { class: "header-user" }, name, leave);
  }

  #draw() {
    const { state } = this.#site;
    this.#drawNotice(state);
    if (!state) return;
    const zone = state.device.time_zone;
    const now = this.#site.nowMs();
    setText(this.#parts.device, state.device.id);
    setText(this.#parts.time, clockTime(now, zone));
    setAttribute(this.#parts.time, "datetime", new Date(now).toISOString());
    setText(this.#parts.date, fullDate(now, zone));
    setText(this.#parts.zone, zone);
    this.#drawLicence(state.cameras, now);
  }

  #drawLicence(cameras, now) {
    const { state, until } = this.#parts;
    const active = cameras.filter((camera) => camera.licence.state === "active");
    const tone = active.length === cameras.length ? "good" : active.length ? "warn" : "bad";
    const key = active.length ? "licence.summary" : "licence.summary.none";
    setText(state, t(key, { active: active.length, all: cameras.length }));
    setAttribute(state, "data-tone", tone);
    const ends = active.map((camera) => Date.parse(camera.licence.until ?? "")).filter((ms) => !Number.isNaN(ms));
    const left = Math.min(...ends) - now;
    setText(until, ends.length ? t("licence.next", { left: remaining(left) }) : "");
    until.classList.toggle("is-near", ends.length > 0 && isNear(left));
  }

  #drawNotice(state) {
    const { notice } = this.#parts;
    const unreachable = !this.#site.connected && this.#site.retryAt > 0;
    const message = unreachable ? t("site.unreachable") : (state?.licence.message ?? "");
    notice.hidden = message === "";
    setText(notice, message);
  }
}
