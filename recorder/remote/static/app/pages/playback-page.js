// <playback-page>: what was recorded, of up to four cameras, on one clock. `?camera=cam1,cam2&t=INSTANT&play=1`.
//
// It reacts to the site's state: a camera whose licence lapses loses its picture and says why, and shows it again by itself.
// It never goes over to live.

import { every, make, setText } from "../element.js";
import { dateTime } from "../format.js";
import { t } from "../i18n.js";
import { CameraView } from "../playback/camera-view.js";
import { Conductor, SPEEDS } from "../playback/conductor.js";
import { DayCalendar } from "../playback/day-calendar.js";
import { FootageMap } from "../playback/footage-map.js";
import { MomentList } from "../playback/moment-list.js";
import { Sprites } from "../playback/sprites.js";
import { TimelineStrip } from "../playback/timeline-strip.js";
import { midnight } from "../playback/times.js";
import { TransportBar } from "../playback/transport-bar.js";
import { spanText } from "../playback/words.js";

const PARTS = { "camera-view": CameraView, "timeline-strip": TimelineStrip, "day-calendar": DayCalendar, "moment-list": MomentList, "transport-bar": TransportBar };
for (const [name, element] of Object.entries(PARTS)) customElements.define(name, element);

const CAMERAS_MAX = 4;
const FIRST_SPAN_MS = 3_600_000;
const NEWEST_MS = 20_000; // how far before its end the newest footage is opened
const NOTE_MS = 6_000;
const KEY_SKIP_MS = 5_000;

export class PlaybackPage extends HTMLElement {
  #site = null;
  #signal = null;
  #zone = "UTC";
  #conductor = null;
  #sprites = null;
  #shown = []; // {id, name, map, view, lane, denied}
  #marks = [null, null];
  #resume = false;
  #noteUntil = 0;
  #parts = {};

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

  /** For whoever looks in from outside: the clock of the page. */
  get conductor() {
    return this.#conductor;
  }

  #start(query) {
    this.#zone = this.#site.state.device.time_zone;
    this.#conductor = new Conductor(this.#signal);
    this.#sprites = new Sprites(this.#signal);
    this.#build();
    this.#listen();
    const asked = (query.get("camera") ?? "").split(",").filter((id) => this.#camera(id)).slice(0, CAMERAS_MAX);
    const first = this.#site.state.cameras[0];
    this.#choose(asked.length ? asked : first ? [first.id] : []);
    const at = Date.parse((query.get("t") ?? "").replace(" ", "+"));
    this.#begin(at, query.get("play") === "1");
  }

  async #begin(at, play) {
    let ms = at;
    if (Number.isNaN(ms)) {
      const ends = await Promise.all(this.#shown.filter(({ denied }) => !denied).map(({ map }) => map.previousEnd(this.#site.nowMs() + 1000)));
      const newest = Math.max(...ends.filter((end) => end !== null));
      ms = Number.isFinite(newest) ? newest - NEWEST_MS : this.#site.nowMs() - NEWEST_MS;
    }
    if (this.#signal.aborted) return;
    this.#parts.strip.centre(Number.isNaN(at) ? ms - FIRST_SPAN_MS / 4 : ms, FIRST_SPAN_MS);
    await this.#conductor.seek(ms);
    this.#remember();
    if (play) this.#conductor.play();
  }

  #build() {
    const p = (this.#parts = Object.fromEntries(["timeline-strip", "day-calendar", "moment-list", "transport-bar"].map((name) => [name.split("-")[1], make(name)])));
    p.views = make("div", { class: "playback-views" });
    p.cameras = make("div", { class: "playback-cameras", role: "group", "aria-label": t("playback.cameras") });
    p.note = make("p", { class: "playback-note", role: "status", "aria-live": "polite" });
    p.zoom = make("div", { class: "strip-tools", role: "group", "aria-label": t("playback.zoom") },
      this.#tool("−", "playback.zoom.out", () => p.strip.zoomOut()), this.#tool("＋", "playback.zoom.in", () => p.strip.zoomIn()),
      this.#tool(t("playback.zoom.hour"), "", () => p.strip.centre(this.#conductor.atMs, 3_600_000)),
      this.#tool(t("playback.zoom.day"), "", () => this.#showDay()));
    p.strip.begin(this.#zone, this.#sprites, this.#signal);
    p.calendar.begin(this.#zone, this.#signal);
    p.bar.begin(this.#zone);
    this.replaceChildren(
      make("div", { class: "playback" },
        make("section", { class: "playback-main", "aria-labelledby": "playback-title" },
          make("h2", { id: "playback-title", class: "visually-hidden" }, t("nav.playback")),
          p.cameras, make("div", { class: "playback-stage" }, p.views, p.note),
          make("div", { class: "strip-frame panel" }, p.strip, p.zoom), p.bar),
        make("aside", { class: "playback-side", "aria-label": t("playback.search") },
          make("section", { class: "panel", "aria-label": t("playback.calendar") }, p.calendar),
          make("section", { class: "panel playback-list", "aria-labelledby": "moments-title" },
            make("h2", { id: "moments-title" }, t("playback.list")), p.list),
          make("p", { class: "panel-note playback-keys" }, t("playback.keys")))),
    );
  }

  #tool(sign, key, work) {
    const button = make("button", { type: "button", class: "button", "aria-label": key ? t(key) : null }, sign);
    button.addEventListener("click", work);
    return button;
  }

  #listen() {
    const { strip, bar, calendar, list } = this.#parts;
    const conductor = this.#conductor;
    const seek = (event) => this.#seek(event.detail);
    strip.addEventListener("seek", seek);
    strip.addEventListener("view", () => this.#refresh());
    list.addEventListener("seek", (event) => { this.#parts.strip.centre(event.detail); this.#seek(event.detail); });
    calendar.addEventListener("day", (event) => this.#openDay(event.detail));
    bar.addEventListener("seek", (event) => { this.#parts.strip.centre(event.detail); this.#seek(event.detail); });
    bar.addEventListener("play", () => this.#toggle());
    bar.addEventListener("reverse", () => this.#reverse());
    bar.addEventListener("step", (event) => this.#step(event.detail));
    bar.addEventListener("speed", (event) => conductor.setRate(event.detail));
    bar.addEventListener("sound", () => { conductor.sound = !conductor.sound; this.#draw(); });
    bar.addEventListener("mark", (event) => this.#mark(event.detail));
    bar.addEventListener("unmark", () => this.#setMarks([null, null]));
    conductor.addEventListener("change", () => this.#draw());
    conductor.addEventListener("jump", (event) => this.#jumped(event.detail));
    conductor.addEventListener("end", () => this.#say(t("playback.end")));
    this.#site.addEventListener("state", () => this.#follow(), { signal: this.#signal });
    addEventListener("keydown", (event) => this.#key(event), { signal: this.#signal });
    every(1000, this.#signal, () => this.#refresh());
  }

  /** The cameras that may be watched now. */
  get #open() {
    return this.#shown.filter(({ denied }) => !denied).map(({ id }) => id);
  }

  #camera(id) {
    return this.#site.state.cameras.find((camera) => camera.id === id);
  }

  #isDenied(id) {
    const row = this.#site.state.features.find(({ id: feature }) => feature === "M5");
    return row !== undefined && (!row.allowed || row.denied_cameras.includes(id));
  }

  /** Shows these cameras; those that are shown already go on. */
  #choose(ids) {
    const kept = new Map(this.#shown.map((one) => [one.id, one]));
    this.#shown = ids.map((id) => kept.get(id) ?? this.#made(this.#camera(id)));
    this.#parts.views.replaceChildren(...this.#shown.map(({ view }) => view));
    this.#parts.views.dataset.count = String(this.#shown.length);
    this.#conductor.members = this.#shown.map((one) => one.member);
    this.#parts.strip.lanes = this.#shown.map(({ id, name, lane }) => ({ id, name, map: lane }));
    this.#parts.calendar.cameras = this.#open;
    this.#drawCameras();
    this.#refresh();
  }

  #made({ id, name }) {
    const map = new FootageMap(id, this.#signal);
    const view = make("camera-view");
    view.begin({ id, name }, map, () => this.#draw());
    const denied = this.#isDenied(id);
    const lane = new FootageMap(id, this.#signal);
    map.closed = lane.closed = denied;
    return { id, name, map, lane, view, denied, member: { map, player: view.player, denied } };
  }

  #drawCameras() {
    const chosen = this.#shown.map(({ id }) => id);
    this.#parts.cameras.replaceChildren(...this.#site.state.cameras.map(({ id, name }) => {
      const button = make("button", { type: "button", class: "chip", "aria-pressed": String(chosen.includes(id)) }, name);
      button.addEventListener("click", () => this.#switch(id));
      return button;
    }));
  }

  #switch(id) {
    const chosen = this.#shown.map((one) => one.id);
    const next = chosen.includes(id) ? chosen.filter((other) => other !== id) : [...chosen, id].slice(-CAMERAS_MAX);
    if (!next.length) return;
    const at = this.#conductor.atMs;
    this.#choose(next);
    this.#parts.cameras.querySelectorAll("button")[this.#site.state.cameras.findIndex((camera) => camera.id === id)].focus();
    this.#conductor.seek(at, { announce: false });
    this.#remember();
  }

  /** A new state of the site: who may be watched, and who not any more. */
  #follow() {
    let changed = false;
    for (const one of this.#shown) {
      const denied = this.#isDenied(one.id);
      if (denied === one.denied) continue;
      changed = true;
      one.denied = one.member.denied = one.map.closed = one.lane.closed = denied;
      one.map.clear();
      one.lane.clear();
      this.#sprites.clear();
      if (denied) one.view.player.close();
    }
    if (!changed) {
      this.#retry();
      return;
    }
    if (!this.#open.length) {
      this.#resume = this.#conductor.playing;
      this.#conductor.pause();
    } else {
      this.#conductor.refresh();
      if (this.#resume) this.#conductor.play();
      this.#resume = false;
    }
    this.#parts.calendar.forget();
    this.#parts.calendar.cameras = this.#open;
    this.#refresh();
    this.#draw();
  }

  /** The recorder said no, and the state does not: it is asked again. */
  #retry() {
    if (this.#shown.some(({ denied, view }) => !denied && view.player.phase === "refused")) this.#conductor.refresh();
  }

  #seek(ms) {
    this.#conductor.seek(Math.min(ms, this.#site.nowMs())).then(() => this.#remember());
  }

  #toggle() {
    if (this.#conductor.playing && this.#conductor.rate > 0) {
      this.#conductor.pause();
      this.#remember();
      return;
    }
    if (this.#conductor.rate < 0) this.#conductor.setRate(1);
    this.#conductor.play();
  }

  #reverse() {
    const rate = Math.max(Math.abs(this.#conductor.rate), 1);
    if (this.#conductor.playing && this.#conductor.rate < 0) {
      this.#conductor.pause();
      this.#conductor.setRate(1);
      return;
    }
    this.#conductor.setRate(-rate);
    this.#conductor.play();
  }

  #step(direction) {
    this.#conductor.step(direction).then(() => this.#remember());
  }

  /** J and L: that way, and faster each time. */
  #faster(direction) {
    const { playing, rate } = this.#conductor;
    const next = playing && Math.sign(rate) === direction ? (SPEEDS.find((speed) => speed > Math.abs(rate)) ?? SPEEDS.at(-1)) : 1;
    this.#conductor.setRate(direction * next);
    this.#conductor.play();
  }

  #mark(which) {
    const marks = [...this.#marks];
    marks[which] = Math.round(this.#conductor.atMs);
    if (marks[0] !== null && marks[1] !== null && marks[0] >= marks[1]) marks[1 - which] = null;
    this.#setMarks(marks);
  }

  #setMarks(marks) {
    this.#marks = marks;
    this.#parts.strip.marks = marks;
    this.#draw();
  }

  #openDay(ms) {
    this.#parts.strip.centre((ms + midnight(ms, this.#zone, 1)) / 2, midnight(ms, this.#zone, 1) - ms);
    this.#seek(ms);
  }

  #showDay() {
    const from = midnight(this.#conductor.atMs, this.#zone);
    const to = midnight(this.#conductor.atMs, this.#zone, 1);
    this.#parts.strip.centre((from + to) / 2, to - from);
  }

  #key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.closest?.("input, select, textarea, dialog")) return;
    const onButton = event.target.closest?.("button, a");
    const work = {
      j: () => this.#faster(-1), k: () => { this.#conductor.pause(); this.#conductor.setRate(1); this.#remember(); }, l: () => this.#faster(1),
      ",": () => this.#step(-1), ".": () => this.#step(1), "+": () => this.#parts.strip.zoomIn(), ";": () => this.#parts.strip.zoomIn(),
      "-": () => this.#parts.strip.zoomOut(), i: () => this.#mark(0), o: () => this.#mark(1), g: () => this.#parts.bar.focusTyped(),
      arrowleft: () => this.#seek(this.#conductor.atMs - KEY_SKIP_MS), arrowright: () => this.#seek(this.#conductor.atMs + KEY_SKIP_MS),
      ...(onButton ? {} : { " ": () => this.#toggle() }),
    }[event.key.toLowerCase()];
    if (!work) return;
    event.preventDefault();
    work();
  }

  #jumped({ fromMs, toMs, reason }) {
    const why = t(`playback.reason.${reason ?? "none"}`);
    this.#say(t("playback.jumped", { length: spanText(toMs - fromMs), reason: why, time: dateTime(toMs, this.#zone) }));
  }

  #say(text) {
    setText(this.#parts.note, text);
    this.#noteUntil = performance.now() + NOTE_MS;
  }

  async #refresh() {
    if (performance.now() > this.#noteUntil) setText(this.#parts.note, "");
    if (!this.#open.length || document.hidden) {
      this.#drawList();
      return;
    }
    await this.#parts.strip.refresh();
    this.#draw();
    this.#drawList();
  }

  #drawList() {
    const { startMs, endMs } = this.#parts.strip.scale;
    this.#parts.list.show(this.#shown.map(({ name, lane }) => ({ name, map: lane })), startMs, endMs, this.#zone);
  }

  #draw() {
    if (!this.#shown.length || this.#signal.aborted) return;
    const { atMs, playing, rate, sound, isLoading } = this.#conductor;
    const nowMs = this.#site.nowMs();
    const shownMs = !playing ? (this.#shown.find(({ view }) => view.player.shownMs !== null)?.view.player.shownMs ?? atMs) : atMs;
    for (const { id, view, denied } of this.#shown) {
      const denial = this.#camera(id)?.licence.denial ?? null;
      view.show({ atMs, denied, denial, seeking: isLoading, nowMs, zone: this.#zone, linked: this.#site.connected });
    }
    const hasSound = this.#shown[0].view.player.hasSound;
    this.#parts.bar.show({ atMs: shownMs, playing, rate, sound, hasSound, marks: this.#marks, range: this.#range() });
    this.#parts.strip.show(atMs, nowMs, playing);
    this.#parts.calendar.choose(atMs || nowMs, nowMs);
  }

  #range() {
    const [from, to] = this.#marks;
    if (from === null || to === null) return null;
    const query = new URLSearchParams({ camera: this.#shown.map(({ id }) => id).join(), from: new Date(from).toISOString(), to: new Date(to).toISOString() });
    return `#/exports?${query}`;
  }

  /** The address says where this is: for reload, and to be passed on. */
  #remember() {
    if (this.#signal.aborted) return;
    const query = new URLSearchParams({ camera: this.#shown.map(({ id }) => id).join(), t: new Date(this.#conductor.atMs).toISOString() });
    history.replaceState(null, "", `#/playback?${query}`);
  }
}
