// <licence-page>: each camera's licence, what it changes, and why: the chain behind a decision, link by link.

import { make, setText } from "../element.js";
import { dateTime } from "../format.js";
import { t } from "../i18n.js";
import { ask, troubleText } from "../upkeep/ask.js";

const FEATURES = {
  M1: ["hdmi_live"], M2: ["remote_live", "remote_control", "remote_download"], M3: ["recording"], M4: ["hdmi_playback"],
  M5: ["remote_playback"], M6: ["sd_export"], M7: ["hdmi_events"], M8: ["remote_events"], M9: ["remote_maintenance"],
};

export class LicencePage extends HTMLElement {
  #site = null;
  #signal = null;
  #parts = {};
  #drawn = "";

  begin(site, query, signal) {
    this.#site = site;
    this.#signal = signal;
    const start = () => {
      site.removeEventListener("state", start);
      if (!signal.aborted) this.#start(query);
    };
    if (site.state) start();
    else site.addEventListener("state", start, { signal });
  }

  #start(query) {
    const panel = make("licence-panel");
    const matrix = make("matrix-panel");
    const { cameras, features } = this.#site.state;
    const select = (id, options, chosen) => make("select", { id },
      ...options.map(([value, text]) => make("option", { value, selected: value === chosen }, text)));
    const p = (this.#parts = {
      camera: select("explain-camera", cameras.map(({ id, name }) => [id, name || id]), query.get("camera")),
      feature: select("explain-feature", features.map(({ id }) => [id, `${id} ${t(`feature.${id}`)}`]), query.get("feature") ?? "M3"),
      verdict: make("p", { class: "explain-verdict", role: "status" }),
      remedy: make("p", { class: "panel-note" }),
      chain: make("ol", { class: "explain-chain" }),
    });
    const row = (key, control) => make("div", { class: "field" }, make("label", { for: control.id }, t(key)), control);
    const why = make("section", { class: "panel", "aria-labelledby": "explain-title" },
      make("h2", { id: "explain-title" }, t("licences.why")),
      make("div", { class: "field-row" }, row("licences.camera", p.camera), row("licences.feature", p.feature)),
      p.verdict, p.remedy, p.chain);
    this.replaceChildren(make("div", { class: "page licences" },
      make("h2", { class: "page-title" }, t("nav.licence")), panel, why, matrix));
    panel.begin(this.#site, this.#signal);
    matrix.begin(this.#site, this.#signal);
    for (const control of [p.camera, p.feature]) control.addEventListener("change", () => this.#explain());
    this.#site.addEventListener("state", () => this.#react(), { signal: this.#signal });
    this.#react();
  }

  /** Asks anew when what the licences say is another thing. */
  #react() {
    const { cameras, features, licence } = this.#site.state;
    const drawn = JSON.stringify([cameras.map((camera) => camera.licence), features, licence.clock]);
    if (drawn === this.#drawn) return;
    this.#drawn = drawn;
    this.#explain();
  }

  async #explain() {
    const p = this.#parts;
    const row = p.feature.value;
    const camera = row === "M9" ? "" : p.camera.value;
    p.camera.disabled = row === "M9";
    const answers = await Promise.all(FEATURES[row].map((feature) =>
      ask(`api/v1/explain?${new URLSearchParams({ feature, camera })}`, { signal: this.#signal })));
    if (this.#signal.aborted || row !== p.feature.value) return;
    const failed = answers.find(({ ok }) => !ok);
    if (failed) {
      setText(p.verdict, troubleText(failed));
      p.chain.replaceChildren();
      return;
    }
    const { data } = answers.find((answer) => !answer.data.decision.granted) ?? answers[0];
    this.#draw(data);
  }

  #draw({ decision, problem, chain }) {
    const p = this.#parts;
    const zone = this.#site.state.device.time_zone;
    const until = decision.until ? t("licences.until", { time: dateTime(Date.parse(decision.until), zone) }) : t("licences.always");
    setText(p.verdict, decision.granted ? `○ ${t("licences.granted")} ${until}` : `× ${problem.title}`);
    p.verdict.className = `explain-verdict ${decision.granted ? "mark-yes" : "mark-no"}`;
    setText(p.remedy, decision.granted ? "" : `${problem.detail} ${problem.remedy}`);
    p.chain.replaceChildren(...chain.map(({ link, holds, text }) => {
      const mark = holds === null ? "–" : holds ? "○" : "×";
      const tone = holds === null ? "" : holds ? "mark-yes" : "mark-no";
      const said = holds === null ? "licences.no_matter" : holds ? "licences.holds" : "licences.breaks";
      return make("li", { class: holds === false ? "is-broken" : null },
        make("span", { class: `chain-mark ${tone}` }, make("span", { "aria-hidden": "true" }, mark), make("span", { class: "visually-hidden" }, t(said))),
        make("strong", {}, t(`licences.link.${link}`)), make("span", {}, text));
    }));
  }
}
