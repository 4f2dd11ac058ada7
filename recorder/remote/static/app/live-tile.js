// <live-tile>: one camera's live picture with its name, its recording state and the truth about how live it is.

import { make, setAttribute, setText } from "./element.js";
import { since } from "./format.js";
import { language, t } from "./i18n.js";
import { anotherPlays, bestWay, take } from "./live/ways.js";
import { MsePlayer } from "./mse-player.js";
import { STALE_SECONDS, stillStaleSeconds, tileMode } from "./tile-mode.js";

const CLOCK_STEP_SECONDS = 60; // a label this far from now belongs to a clock that has just been stepped

const RECORDING = {
  recording: ["●", "recording.recording", "rec"],
  waiting: ["◌", "recording.waiting", "warn"],
  stopped: ["■", "recording.stopped", "bad"],
};
const BY_CHOICE = {
  event_mode: ["◌", "recording.event_mode", "muted"],
  schedule: ["■", "recording.schedule", "muted"],
  off: ["■", "recording.off", "muted"],
};

export class LiveTile extends HTMLElement {
  /** "live", "stale", "offline", "lapsed", "waiting", "connecting" or "paused". */
  mode = "connecting";
  #camera = null;
  #stream = "sub";
  #site = null;
  #link = null;
  #player = null;
  #way = "";
  #codec = "";
  #language = "";
  #failed = new Set();
  #parts = {};

  /** Begins to show a camera of the site state; `site` is a SiteState. */
  show(camera, stream, site) {
    this.#camera = camera;
    this.#stream = stream;
    this.#site = site;
    this.#build();
    this.#choose();
  }

  disconnectedCallback() {
    this.#end();
  }

  /** A new site state. */
  update(camera) {
    this.#camera = camera;
    if (this.#codecNow() !== this.#codec) {
      this.#codec = this.#codecNow();
      this.#failed.clear();
      if (bestWay(this.#codec, this.#failed) !== this.#way) this.#choose();
    }
    if (language() !== this.#language) this.#choose(); // a refusal speaks the language of who asked
    this.#link.licence(camera.licence.state === "active");
    this.tick();
  }

  /** The page was hidden or shown: nobody watches a hidden page. */
  visible(shown) {
    if (shown) this.#link.start();
    else if (this.#link.phase !== "ended") this.#link.stop();
    this.tick();
  }

  /** Time has passed. */
  tick() {
    const stream = this.#streamState();
    if (stream?.phase === "streaming") this.#link.watch();
    const age = this.pictureAge;
    if (age !== null && age < 1) this.#link.proven();
    this.mode = tileMode({
      link: this.#link,
      stream,
      age,
      staleSeconds: this.#way === "jpeg" ? stillStaleSeconds(this.#player.stepMs) : STALE_SECONDS,
      hidden: document.hidden,
    });
    setAttribute(this, "data-mode", this.mode);
    this.#draw(stream, age);
  }

  get camera() {
    return this.#camera;
  }

  get stream() {
    return this.#stream;
  }

  /** Close code of the last session, null while one runs. */
  get closeCode() {
    return this.#link.closeCode;
  }

  /** The problem that ended the last session, null while one runs. */
  get endProblem() {
    return this.#link.endProblem;
  }

  /** By which way pictures come: "mse", "hls" or "jpeg". */
  get way() {
    return this.#way;
  }

  get framesDecoded() {
    if (this.#way === "jpeg") return this.#player.shown;
    return this.#parts.video.getVideoPlaybackQuality().totalVideoFrames;
  }

  /**
   * How old the picture on the screen is in seconds, null before the first: since a new one was presented, or since the
   * camera gave one, or by its label, whichever is worst. A page that joins late gets old pictures, too.
   */
  get pictureAge() {
    const presented = this.#player.presented;
    if (!presented) return null;
    const sincePresented = (performance.now() - presented.at) / 1000;
    const sinceArrival = (this.#streamState()?.age_ms ?? 0) / 1000;
    const late = this.#way === "hls" ? 0 : (this.latencySeconds ?? 0); // HLS is always seconds late, and the badge says so
    return Math.max(sincePresented, sinceArrival, late);
  }

  /** Seconds between the camera's picture and its showing, null while unknown. */
  get latencySeconds() {
    const presented = this.#player.presented;
    if (!presented) return null;
    if (!this.#site.connected) return null;
    const seconds = (this.#site.nowMs() - (performance.now() - presented.at) - presented.labelMs) / 1000;
    return Math.abs(seconds) < CLOCK_STEP_SECONDS ? Math.max(0, seconds) : null;
  }

  #choose() {
    this.#end();
    this.#codec = this.#codecNow();
    this.#language = language();
    this.#way = bestWay(this.#codec, this.#failed);
    setAttribute(this, "data-way", this.#way);
    const { link, player } = take(this.#way, this.#camera.id, this.#stream, this.#parts, {
      hello: (hello) => this.#open(hello),
      changed: () => this.#changed(),
      useless: () => this.#fall(),
    });
    this.#link = link;
    this.#player = player;
    if (!document.hidden) this.#link.start();
    this.tick();
  }

  /** What is shown goes by a lesser way. */
  #fall() {
    this.#failed.add(this.#way);
    this.#choose();
  }

  #end() {
    const link = this.#link;
    this.#link = null;
    link?.stop();
    this.#player?.close?.();
  }

  #codecNow() {
    return this.#camera.streams[this.#stream]?.codec ?? "";
  }

  #streamState() {
    return this.#site.connected ? (this.#camera.streams[this.#stream] ?? null) : null;
  }

  #open(hello) {
    if (MsePlayer.supports(hello.mime)) this.#player.open(hello.mime);
    else this.#fall();
  }

  #changed() {
    if (!this.#link) return; // it is being replaced
    if (this.#link.phase !== "open") this.#player.close?.();
    this.tick();
  }

  #build() {
    const id = `tile-${this.#stream}-${this.#camera.id}`;
    const name = make("h3", { class: "tile-name", id }, this.#camera.name);
    const video = make("video", { playsinline: true, "aria-labelledby": id, tabindex: "-1" });
    video.muted = true; // the property: without it no autoplay
    const open = make("button", { class: "tile-open", type: "button" });
    open.addEventListener("click", () =>
      this.dispatchEvent(new CustomEvent("open-camera", { bubbles: true, detail: this.#camera })),
    );
    this.#parts = {
      name,
      video,
      still: make("img", { class: "tile-still", alt: "", "aria-hidden": "true" }),
      open,
      way: make("p", { class: "badge tile-way", "data-tone": "muted" }),
      age: make("p", { class: "badge tile-age" }),
      title: make("p", { class: "tile-card-title" }),
      line: make("p", { class: "tile-card-line numbers" }),
      remedy: make("p", { class: "tile-card-line tile-card-remedy" }),
      symbol: make("span", { class: "badge-symbol", "aria-hidden": "true" }),
      state: make("span"),
    };
    const p = this.#parts;
    p.badge = make("p", { class: "badge tile-recording" }, p.symbol, p.state);
    p.card = make("div", { class: "tile-card" }, p.title, p.line, p.remedy);
    this.replaceChildren(
      make("article", { class: "tile", "aria-labelledby": id },
        video, p.still, p.card, make("div", { class: "tile-bar" }, name, p.way, p.age, p.badge), open),
    );
  }

  #draw(stream, age) {
    const p = this.#parts;
    setText(p.name, this.#camera.name);
    setAttribute(p.open, "aria-label", t("tile.open", { name: this.#camera.name }));
    this.#drawRecording();
    this.#drawAge(age);
    this.#drawWay();
    const [title, line, remedy] = this.#card(stream);
    p.card.hidden = title === "";
    setText(p.title, title);
    setText(p.line, line);
    setText(p.remedy, remedy);
  }

  #drawRecording() {
    const { symbol, state, badge } = this.#parts;
    const { phase, reason } = this.#camera.recording;
    const [sign, key, tone] = this.#site.connected ? (BY_CHOICE[reason] ?? RECORDING[phase]) : ["?", "recording.unknown", "muted"];
    setText(symbol, sign);
    setText(state, t(key));
    setAttribute(badge, "data-tone", tone);
  }

  #drawWay() {
    const badge = this.#parts.way;
    badge.hidden = this.mode !== "live" && this.mode !== "stale";
    const short = this.#way === "jpeg" && anotherPlays(this.#camera, this.#stream) ? "jpeg.other" : this.#way;
    setText(badge, t(`tile.way.${short}`));
    setAttribute(badge, "title", t(`tile.way.${this.#way}.long`));
  }

  #drawAge(age) {
    const badge = this.#parts.age;
    badge.hidden = this.mode !== "live" && this.mode !== "stale";
    if (badge.hidden) return;
    const latency = this.#way === "jpeg" ? age : this.latencySeconds; // a still grows old while it is shown
    if (this.mode === "stale") setText(badge, t("tile.frozen", { seconds: Math.floor(age) }));
    else if (latency === null) setText(badge, t(this.#way === "hls" ? "tile.late" : "tile.live"));
    else setText(badge, t("tile.latency", { seconds: latency.toFixed(1) }));
    setAttribute(badge, "data-tone", this.mode === "stale" || this.#way === "hls" || latency > STALE_SECONDS ? "warn" : "good");
  }

  #card(stream) {
    switch (this.mode) {
      case "lapsed":
        return this.#lapsedCard();
      case "offline":
        return [t(`phase.${stream.phase}`), this.#sinceText(stream.since), language() === "en" ? stream.message : ""];
      case "stale": {
        const lastMs = this.#site.nowMs() - this.pictureAge * 1000;
        return [t("tile.stale"), t("tile.last", { time: this.#sinceMs(lastMs) }), ""];
      }
      case "waiting": {
        const seconds = Math.max(1, Math.ceil((this.#link.retryAt - performance.now()) / 1000));
        const problem = this.#link.endProblem;
        return [t("tile.reconnecting"), t("tile.retry", { seconds }), problem?.title ?? ""];
      }
      case "connecting":
        return [t("tile.connecting"), "", ""];
      case "paused":
        return [t("tile.paused"), "", ""];
      default:
        return ["", "", ""];
    }
  }

  #lapsedCard() {
    const problem = this.#link.endProblem;
    if (!problem) return [t("tile.ended"), "", ""];
    return [problem.title, problem.since ? this.#sinceText(problem.since) : "", problem.remedy];
  }

  #sinceText(iso) {
    return t("time.since", { time: this.#sinceMs(Date.parse(iso)) });
  }

  #sinceMs(ms) {
    return since(ms, this.#site.nowMs(), this.#site.state.device.time_zone);
  }
}
