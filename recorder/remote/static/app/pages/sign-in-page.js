// <sign-in-page>: signing in by password or by the licence service, and changing a password that somebody else has set.

import { failure, field, tell } from "../access/fields.js";
import { ask, RefusedError, session } from "../access/session.js";
import { make } from "../element.js";
import { t } from "../i18n.js";

const NEXT_KEY = "signed-in-next";

export class SignInPage extends HTMLElement {
  #failure = failure();

  begin(site, query) {
    if (query.has("next")) sessionStorage.setItem(NEXT_KEY, query.get("next"));
    const visitor = query.get("visitor");
    if (visitor) {
      history.replaceState(null, "", "#/sign-in"); // the word is used once and stands nowhere
      this.#draw("access.title", make("p", {}, t("access.checking")));
      this.#try(() => ask("sign-in/visitor", { method: "POST", body: { token: visitor } }), () => this.#choose());
      return;
    }
    this.#choose();
  }

  #choose() {
    if (session.user?.must_change) this.#drawChange();
    else if (session.user || (session.access === "open" && !session.relayed)) this.#enter();
    else if (session.relayed) this.#drawPortal();
    else this.#drawSignIn();
  }

  #draw(title, ...content) {
    this.replaceChildren(make("section", { class: "panel access-card", "aria-labelledby": "access-title" },
      make("h2", { id: "access-title", class: "page-title" }, t(title)), ...content, this.#failure));
  }

  #drawPortal() {
    this.#draw("access.title", make("p", {}, t("access.portal")),
      make("a", { class: "button is-main", href: "/" }, t("access.portal.open")));
  }

  #drawSignIn() {
    const parts = [];
    if (session.ways.includes("service")) {
      const button = make("button", { class: "button is-main", type: "button" }, t("access.service"));
      button.addEventListener("click", () => this.#leave(button));
      parts.push(make("p", {}, t("access.service.text")), button);
    }
    if (session.ways.includes("password")) {
      if (parts.length) parts.push(make("h3", {}, t("access.local")));
      parts.push(this.#passwordForm(!parts.length));
    }
    this.#draw("access.title", ...parts);
    this.querySelector("input, button")?.focus();
  }

  #passwordForm(main) {
    const name = field("name", t("access.name"), { autocomplete: "username", autocapitalize: "none", maxlength: 64 });
    const password = field("password", t("access.password"), { type: "password", autocomplete: "current-password", maxlength: 128 });
    const button = make("button", { class: `button${main ? " is-main" : ""}` }, t("access.sign_in"));
    const form = make("form", { class: "access-form" }, name.element, password.element, button);
    this.#onSubmit(form, button, () => {
      const body = { name: name.input.value.trim(), password: password.input.value };
      return ask("sign-in", { method: "POST", body });
    });
    return form;
  }

  #drawChange() {
    const user = make("input", { class: "visually-hidden", autocomplete: "username", value: session.user.name, tabindex: -1, "aria-hidden": "true", readonly: true });
    const present = field("present", t("access.present"), { type: "password", autocomplete: "current-password", maxlength: 128 });
    const wanted = field("wanted", t("access.wanted"), { type: "password", autocomplete: "new-password", minlength: 10, maxlength: 128, "aria-describedby": "wanted-rule" });
    const again = field("again", t("access.again"), { type: "password", autocomplete: "new-password", maxlength: 128 });
    const button = make("button", { class: "button is-main" }, t("access.change"));
    const form = make("form", { class: "access-form" }, user, present.element, wanted.element,
      make("p", { id: "wanted-rule", class: "access-hint" }, t("access.wanted.rule")), again.element, button);
    again.input.addEventListener("input", () => again.input.setCustomValidity(""));
    wanted.input.addEventListener("input", () => again.input.setCustomValidity(""));
    this.#onSubmit(form, button, () => {
      if (wanted.input.value !== again.input.value) {
        again.input.setCustomValidity(t("access.again.differs"));
        again.input.reportValidity();
        return null;
      }
      return ask("password", { method: "POST", body: { present: present.input.value, wanted: wanted.input.value } });
    });
    this.#draw("access.change.title", make("p", {}, t("access.change.text", { name: session.user.name })), form);
    present.input.focus();
  }

  #onSubmit(form, button, act) {
    form.addEventListener("submit", async (event) => {
      event.preventDefault();
      button.disabled = true;
      await this.#try(act);
      button.disabled = false;
    });
  }

  async #try(act, otherwise = () => {}) {
    this.#failure.hidden = true;
    try {
      const answer = await act();
      if (answer === null) return;
      session.take(answer);
      this.#choose();
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      otherwise();
      tell(this.#failure, error.problem);
    }
  }

  async #leave(button) {
    button.disabled = true;
    try {
      const { address } = await ask("sign-in/service", { method: "POST", body: {} });
      location.assign(address);
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      tell(this.#failure, error.problem);
      button.disabled = false;
    }
  }

  /** Everything begins anew, as the person who has signed in sees it. */
  #enter() {
    const next = sessionStorage.getItem(NEXT_KEY) ?? "";
    sessionStorage.removeItem(NEXT_KEY);
    history.replaceState(null, "", /^[a-z]+(\?[^#]*)?$/.test(next) ? `#/${next}` : "#/");
    location.reload();
  }
}
