// <exports-page>: footage as files. `?camera=cam1&from=INSTANT&to=INSTANT` fills the form in. The list is asked for often while
// something is being made, seldom else, and at once when a licence changes.

import { make, setText } from "../element.js";
import { bytes, clockTime, dateTime, fullDate } from "../format.js";
import { t } from "../i18n.js";
import { parseTyped, partsOf, two } from "../playback/times.js";
import { ask, confirmed, troubleText } from "../upkeep/ask.js";

const BUSY_MS = 1_000;
const CALM_MS = 15_000;
const FIRST_SPAN_MS = 600_000;
const HOURS_MAX = 24;

export class ExportsPage extends HTMLElement {
  #site = null;
  #signal = null;
  #zone = "UTC";
  #parts = {};
  #known = new Map();
  #licences = "";
  #timer = 0;

  begin(site, query, signal) {
    this.#site = site;
    this.#signal = signal;
    signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
    const start = () => {
      site.removeEventListener("state", start);
      if (!signal.aborted) this.#start(query);
    };
    if (site.state) start();
    else site.addEventListener("state", start, { signal });
  }

  #start(query) {
    this.#zone = this.#site.state.device.time_zone;
    this.#build(query);
    this.#site.addEventListener("state", () => this.#react(), { signal: this.#signal });
    this.#react();
  }

  #build(query) {
    const now = this.#site.nowMs();
    const to = Date.parse(query.get("to") ?? "") || now - 5_000;
    const from = Date.parse(query.get("from") ?? "") || to - FIRST_SPAN_MS;
    const asked = (query.get("camera") ?? "").split(",");
    const p = (this.#parts = {
      cameras: make("div", { class: "check-row" }),
      from: this.#time("export-from", from),
      to: this.#time("export-to", to),
      stream: make("select", { id: "export-stream" },
        make("option", { value: "main" }, t("exports.main")), make("option", { value: "sub" }, t("exports.sub"))),
      length: make("p", { class: "panel-note numbers", role: "status" }),
      trouble: make("p", { class: "form-trouble", role: "alert" }),
      make: make("button", { type: "button", class: "button is-main" }, t("exports.make")),
      room: make("p", { class: "panel-note numbers" }),
      list: make("ul", { class: "export-list" }),
      empty: make("p", { class: "panel-note" }, t("exports.empty")),
    });
    const { cameras } = this.#site.state;
    const first = cameras.some(({ id }) => asked.includes(id)) ? asked : cameras.slice(0, 1).map(({ id }) => id);
    p.cameras.append(...cameras.map(({ id, name }) => make("label", { class: "check" },
      make("input", { type: "checkbox", name: "camera", value: id, checked: first.includes(id) }), name || id)));
    const row = (key, control) => make("div", { class: "field" }, make("label", { for: control.id }, t(key)), control);
    const form = make("section", { class: "panel export-form", "aria-labelledby": "export-title" },
      make("h2", { id: "export-title" }, t("exports.new")),
      make("fieldset", {}, make("legend", {}, t("exports.cameras")), p.cameras),
      row("exports.from", p.from), row("exports.to", p.to), row("exports.stream", p.stream),
      p.length, p.trouble, p.make);
    form.addEventListener("input", () => this.#measure());
    p.make.addEventListener("click", () => this.#order()); // no form is sent: through the licence service pages may send none
    form.addEventListener("keydown", (event) => event.key === "Enter" && event.target.type === "text" && this.#order());
    this.replaceChildren(make("div", { class: "page exports" },
      make("h2", { class: "page-title" }, t("nav.exports")), form,
      make("section", { class: "panel", "aria-labelledby": "exports-title" },
        make("h2", { id: "exports-title" }, t("exports.title")), p.room, p.list, p.empty,
        make("p", { class: "panel-note" }, t("exports.verify")))));
    this.#measure();
  }

  #time(id, ms) {
    const [year, month, day, hour, minute, second] = partsOf(ms, this.#zone);
    const value = `${year}-${two(month)}-${two(day)} ${two(hour)}:${two(minute)}:${two(second)}`;
    return make("input", { id, type: "text", value, inputmode: "numeric", autocomplete: "off", spellcheck: "false", class: "numbers" });
  }

  /** The wish as the recorder wants it, or what is wrong with it. */
  #wish() {
    const p = this.#parts;
    const now = this.#site.nowMs();
    const [from, to] = [p.from, p.to].map((input) => parseTyped(input.value, now, this.#zone));
    const cameras = [...p.cameras.querySelectorAll("input:checked")].map(({ value }) => value);
    p.from.toggleAttribute("aria-invalid", from === null);
    p.to.toggleAttribute("aria-invalid", to === null || (from !== null && to <= from));
    if (!cameras.length) return { trouble: t("exports.no_camera") };
    if (from === null || to === null) return { trouble: t("exports.no_time") };
    if (to <= from || to - from > HOURS_MAX * 3_600_000) return { trouble: t("exports.no_range", { hours: HOURS_MAX }) };
    return { cameras, from, to, stream: p.stream.value };
  }

  #measure() {
    const wish = this.#wish();
    setText(this.#parts.trouble, "");
    setText(this.#parts.length, wish.trouble ?? t("exports.length", { length: lengthText(wish.to - wish.from), zone: this.#zone }));
  }

  async #order() {
    const wish = this.#wish();
    const p = this.#parts;
    setText(p.trouble, wish.trouble ?? "");
    if (wish.trouble) return;
    p.make.disabled = true;
    const { cameras, stream } = wish;
    const body = { cameras, stream, from: new Date(wish.from).toISOString(), to: new Date(wish.to).toISOString() };
    const answer = await ask("api/v1/exports", { method: "POST", body, signal: this.#signal });
    p.make.disabled = this.#denied() !== null;
    if (this.#signal.aborted) return;
    if (!answer.ok) setText(p.trouble, troubleText(answer));
    this.#refresh();
  }

  /** The problem of the first lapsed camera where all are lapsed. */
  #denied() {
    const { features, cameras } = this.#site.state;
    const feature = features.find(({ id }) => id === "M2");
    return feature?.allowed ? null : (cameras.find(({ licence }) => licence.denial)?.licence.denial ?? {});
  }

  #react() {
    const licences = JSON.stringify([this.#site.connected, this.#site.state.cameras.map(({ licence }) => licence.state), this.#denied() === null]);
    if (licences === this.#licences) return;
    this.#licences = licences;
    const denied = this.#denied();
    this.#parts.make.disabled = denied !== null;
    setText(this.#parts.trouble, denied ? `× ${denied.title ?? ""} — ${denied.remedy ?? ""}` : "");
    this.#refresh();
  }

  async #refresh() {
    clearTimeout(this.#timer);
    const answer = await ask("api/v1/exports", { signal: this.#signal });
    if (this.#signal.aborted) return;
    if (answer.ok) this.#draw(answer.data);
    clearTimeout(this.#timer);
    const busy = answer.ok && answer.data.exports.some(({ state }) => state === "queued" || state === "making");
    this.#timer = setTimeout(() => this.#refresh(), busy ? BUSY_MS : CALM_MS);
  }

  #draw(told) {
    const p = this.#parts;
    const room = { used: bytes(told.used_bytes), max: bytes(told.bytes_max), count: told.exports.length, most: told.count_max, days: told.days_max };
    const { age, count } = told.expired;
    setText(p.room, t("exports.room", room) + (age + count ? ` ${t("exports.expired", { count: age + count })}` : ""));
    p.empty.hidden = told.exports.length > 0;
    const seen = new Set();
    told.exports.forEach((one, at) => {
      seen.add(one.id);
      const drawn = JSON.stringify([one, this.#denied() === null]);
      const before = this.#known.get(one.id);
      if (before?.drawn !== drawn) {
        const item = this.#item(one);
        before?.item.replaceWith(item);
        this.#known.set(one.id, { drawn, item });
      }
      const { item } = this.#known.get(one.id);
      if (p.list.children[at] !== item) p.list.insertBefore(item, p.list.children[at] ?? null);
    });
    for (const [id, { item }] of this.#known) {
      if (seen.has(id)) continue;
      item.remove();
      this.#known.delete(id);
    }
  }

  #item(one) {
    const names = one.cameras.map((id) => this.#site.state.cameras.find((camera) => camera.id === id)?.name || id).join(t("exports.comma"));
    const remove = make("button", { type: "button", class: "button" }, t(one.ended_at ? "exports.remove" : "exports.cancel"));
    remove.disabled = this.#denied() !== null;
    remove.addEventListener("click", () => this.#remove(one, names));
    const body = [make("p", { class: "export-state", "data-state": one.state }, t(`exports.state.${one.state}`))];
    if (one.problem) body.push(make("p", { class: "panel-note is-bad" }, `${one.problem.title} — ${one.problem.remedy}`));
    if (one.state === "waiting") body.push(make("p", { class: "panel-note" }, t("exports.resumes")));
    if (one.state === "making") body.push(progress(one));
    if (one.state === "done") body.push(this.#files(one));
    const range = `${this.#when(one.from)} – ${this.#when(one.to, one.from)}`;
    return make("li", { class: "export-item", "data-id": one.id, "data-state": one.state },
      make("div", { class: "export-head" }, make("strong", {}, names), make("span", { class: "numbers" }, range), remove), ...body);
  }

  #files(one) {
    const allowed = this.#denied() === null;
    const link = (href, text, kind) => (allowed ? make("a", { href, download: "", class: `button ${kind ?? ""}` }, text) : make("span", { class: "button is-off" }, text));
    const rows = one.files.map((file) => make("li", {},
      make("span", { class: "numbers" }, `${this.#when(file.start)} – ${clockTime(Date.parse(file.end), this.#zone)} · ${file.width}×${file.height} · ${bytes(file.size)}`),
      link(file.href, t("exports.download"))));
    const base = `api/v1/exports/${one.id}`;
    return make("div", {},
      make("ul", { class: "export-files" }, ...rows),
      make("div", { class: "button-row" },
        one.files.length > 1 ? link(`${base}/export.zip`, t("exports.zip", { size: bytes(one.size) }), "is-main") : null,
        link(`${base}/manifest.json`, t("exports.manifest"))),
      make("p", { class: "panel-note numbers" }, t("exports.kept", { time: dateTime(Date.parse(one.expires_at), this.#zone) })));
  }

  #when(instant, after = null) {
    const ms = Date.parse(instant);
    const sameDay = after !== null && fullDate(ms, this.#zone) === fullDate(Date.parse(after), this.#zone);
    return sameDay ? clockTime(ms, this.#zone) : dateTime(ms, this.#zone);
  }

  async #remove(one, names) {
    const action = t(one.ended_at ? "exports.remove" : "exports.cancel");
    if (one.state === "done" && !(await confirmed(t("exports.remove.title"), t("exports.remove.text", { name: names }), action))) return;
    const answer = await ask(`api/v1/exports/${one.id}`, { method: "DELETE", signal: this.#signal });
    if (!answer.ok && answer.status !== 404) setText(this.#parts.trouble, troubleText(answer));
    this.#refresh();
  }
}

function progress(one) {
  const share = one.planned_bytes ? Math.floor((100 * one.done_bytes) / one.planned_bytes) : 0;
  if (!one.planned_bytes) return make("p", { class: "panel-note" }, t("exports.planning"));
  const label = t("exports.progress", { share, done: bytes(one.done_bytes), all: bytes(one.planned_bytes) });
  return make("div", { class: "export-progress" },
    make("progress", { max: "100", value: share, "aria-label": label }), make("span", { class: "numbers" }, label));
}

function lengthText(ms) {
  const seconds = Math.round(ms / 1000);
  return [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60].map(two).join(":");
}
