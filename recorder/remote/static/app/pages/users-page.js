// <users-page>: who may sign in at this recorder; for admins.

import { choice, failure, field, tell } from "../access/fields.js";
import { ask, RefusedError, session } from "../access/session.js";
import { make } from "../element.js";
import { language, t } from "../i18n.js";

const ROLES = ["viewer", "operator", "admin"];

export class UsersPage extends HTMLElement {
  #cameras = [];
  #users = [];
  #failure = failure();
  #said = make("div", { class: "access-said", role: "status" });
  #list = make("ul", { class: "access-list", role: "list" });
  #left = new AbortController();

  async begin(site, query, signal) {
    this.#left = signal;
    this.replaceChildren(make("section", { class: "page", "aria-labelledby": "users-title" },
      make("h2", { id: "users-title", class: "page-title" }, t("nav.users")),
      make("p", { class: "access-hint" }, t(session.access === "open" ? "access.users.open" : "access.users.text")),
      make("div", { class: "panel access-panel" }, this.#failure, this.#said, this.#list)));
    await this.#do(async () => {
      this.#cameras = (await ask("cameras")).cameras;
      this.#users = (await ask("users")).users;
    });
    if (signal.aborted) return;
    this.#draw();
    if (session.access !== "open") this.querySelector(".panel").append(this.#addForm());
  }

  #draw() {
    const rows = this.#users.map((user) => this.#row(user));
    this.#list.replaceChildren(...(rows.length ? rows : [make("li", { class: "access-hint" }, t("access.users.none"))]));
  }

  #row(user) {
    const details = make("details", { class: "access-user" },
      make("summary", {}, make("strong", {}, user.name), make("span", { class: "access-role" }, t(`access.role.${user.role}`)),
        make("span", { class: "access-hint" }, this.#camerasText(user)),
        user.must_change ? make("span", { class: "access-hint" }, t("access.users.must_change")) : null));
    if (session.access !== "open") details.append(this.#changeForm(user));
    return make("li", {}, details);
  }

  #camerasText({ cameras }) {
    if (cameras === null) return t("access.users.all_cameras");
    const names = cameras.map((id) => this.#cameras.find((camera) => camera.id === id)?.name || id);
    return names.join(language() === "ja" ? "、" : ", ") || t("access.users.no_camera");
  }

  #changeForm(user) {
    const id = `user-${user.name}`;
    const role = choice(`${id}-role`, t("access.users.role"), ROLES.map((one) => [one, t(`access.role.${one}`)]), user.role);
    const cameras = this.#cameraBoxes(id, user.cameras);
    const save = make("button", { class: "button is-main" }, t("access.users.save"));
    const reset = make("button", { class: "button", type: "button" }, t("access.users.reset"));
    const remove = make("button", { class: "button is-grave", type: "button" }, t("access.users.remove"));
    const form = make("form", { class: "access-form" }, role.element, cameras.element,
      make("div", { class: "button-row" }, save, reset, remove));
    const path = `users/${encodeURIComponent(user.name)}`;
    const change = (work) => this.#do(async () => {
      await work();
      this.#users = (await ask("users")).users;
      this.#draw();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      change(async () => {
        await ask(path, { method: "PATCH", body: { role: role.input.value, cameras: cameras.value() } });
        this.#say(t("access.users.saved", { name: user.name }));
      });
    });
    reset.addEventListener("click", () => change(async () => this.#sayPassword(await ask(`${path}/password`, { method: "POST", body: {} }))));
    remove.addEventListener("click", () => {
      if (!remove.dataset.sure) {
        remove.dataset.sure = "yes";
        remove.textContent = t("access.users.remove.sure", { name: user.name });
        return;
      }
      change(async () => {
        await ask(path, { method: "DELETE" });
        this.#say(t("access.users.removed", { name: user.name }));
      });
    });
    return form;
  }

  #addForm() {
    const name = field("new-name", t("access.name"), { autocomplete: "off", autocapitalize: "none", maxlength: 64 });
    const role = choice("new-role", t("access.users.role"), ROLES.map((one) => [one, t(`access.role.${one}`)]), "viewer");
    const cameras = this.#cameraBoxes("new", null);
    const form = make("form", { class: "access-form access-add" }, make("h3", {}, t("access.users.add")), name.element, role.element,
      cameras.element, make("div", { class: "button-row" }, make("button", { class: "button is-main" }, t("access.users.add"))));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const body = { name: name.input.value.trim(), role: role.input.value, cameras: cameras.value() };
      this.#do(async () => {
        this.#sayPassword(await ask("users", { method: "POST", body }));
        this.#users = (await ask("users")).users;
        this.#draw();
        form.reset();
      });
    });
    return form;
  }

  /** Which cameras: all, or those that are ticked. */
  #cameraBoxes(id, chosen) {
    const all = make("input", { type: "checkbox", checked: chosen === null });
    const boxes = this.#cameras.map((camera) => make("input", { type: "checkbox", value: camera.id, checked: chosen?.includes(camera.id) ?? false }));
    const list = make("div", { class: "access-boxes", hidden: chosen === null },
      ...this.#cameras.map((camera, at) => make("label", { class: "access-box" }, boxes[at], make("span", {}, camera.name || camera.id))));
    all.addEventListener("change", () => (list.hidden = all.checked));
    all.form?.addEventListener("reset", () => (list.hidden = true));
    const element = make("fieldset", { class: "access-cameras" }, make("legend", {}, t("access.users.cameras")),
      make("label", { class: "access-box" }, all, make("span", {}, t("access.users.all_cameras"))), list);
    return { element, value: () => (all.checked ? null : boxes.filter((box) => box.checked).map((box) => box.value)) };
  }

  #say(text) {
    this.#said.replaceChildren(make("p", {}, text));
  }

  #sayPassword({ user, password }) {
    this.#said.replaceChildren(make("p", {}, t("access.users.password", { name: user.name })),
      make("p", { class: "access-code" }, password), make("p", { class: "access-hint" }, t("access.users.password.once")));
    this.#said.scrollIntoView({ block: "nearest" });
  }

  async #do(work) {
    this.#failure.hidden = true;
    try {
      await work();
    } catch (error) {
      if (!(error instanceof RefusedError)) throw error;
      if (!this.#left.aborted) tell(this.#failure, error.problem);
    }
  }
}
