// The board: wires the recorder's own pieces, the monitor's picture and the orders.

import { every, setAttribute, setText } from "/static/app/element.js";
import { dateTime, fullDate } from "/static/app/format.js";
import { loadCatalogue } from "/static/app/i18n.js";
import { LiveTile } from "/static/app/live-tile.js";
import { LiveWall } from "/static/app/live-wall.js";
import { SiteState } from "/static/app/site-state.js";
import { BoardLink } from "./board-link.js";
import { drawCountdown } from "./countdown.js";
import { HdmiPicture } from "./hdmi-picture.js";
import { drawLamps } from "./lamps.js";
import { drawSaying } from "./saying.js";
import { TimeSlider } from "./time-slider.js";
import { loadWords, say } from "./words.js";

const TICK_MS = 100;
const TOUCH_MS = 1000;
const LOCALES = { ja: "ja-JP", en: "en-GB" };
const PARTS = { "hdmi-picture": HdmiPicture, "live-tile": LiveTile, "live-wall": LiveWall, "time-slider": TimeSlider };

const byId = (id) => document.getElementById(id);
const site = new SiteState(new URL(`api/v1/state?lang=${document.documentElement.lang}`, document.baseURI).href.replace(/^http/, "ws"));
const board = new BoardLink();
const forever = new AbortController().signal;
let language = document.documentElement.lang;
let touchedAt = -TOUCH_MS;

const zone = () => site.state?.device.time_zone ?? "UTC";
const minute = (ms) => dateTime(ms, zone()).replace(/:\d\d$/, "");

async function begin() {
  await speak(language);
  for (const [name, element] of Object.entries(PARTS)) customElements.define(name, element);
  const wall = document.querySelector("live-wall");
  document.querySelector("time-slider").begin((ms) => board.order("clock", { to: new Date(ms).toISOString() }), minute);
  wall.begin(site, forever);
  wireOrders();
  board.addEventListener("state", draw);
  site.addEventListener("state", draw);
  site.addEventListener("link", draw);
  site.start();
  board.start();
  every(TICK_MS, forever, tick);
  document.documentElement.dataset.ready = "";
}

async function speak(wanted) {
  await loadCatalogue(wanted); // the recorder's own words, and the page's language
  await loadWords(wanted);
  language = wanted;
  for (const button of document.querySelectorAll("[data-language]")) {
    setAttribute(button, "aria-pressed", String(button.dataset.language === wanted));
  }
}

function wireOrders() {
  const orders = {
    expire: () => board.order("expire"),
    "expire-now": () => board.order("expire", { directly: true }),
    assign: () => board.order("licences"),
    cable: () => board.order("network", { pulled: board.state?.network !== "pulled" }),
    visitor: () => board.order("visitor"),
  };
  for (const [id, act] of Object.entries(orders)) {
    byId(id).addEventListener("click", () => {
      if (byId(id).getAttribute("aria-disabled") !== "true") act();
    });
  }
  byId("story").addEventListener("click", () => board.order("story", { on: !board.state?.story.on }));
  for (const button of document.querySelectorAll("[data-language]")) {
    button.addEventListener("click", async () => {
      await speak(button.dataset.language);
      history.replaceState(null, "", `?${new URLSearchParams({ lang: language })}`); // a reload speaks it, too
      draw();
    });
  }
  for (const event of ["pointerdown", "keydown"]) document.addEventListener(event, touch);
}

/** A visitor plays: the story rests. */
function touch(event) {
  if (event.target.closest?.("#story") || performance.now() - touchedAt < TOUCH_MS || !board.state?.story.on) return;
  touchedAt = performance.now();
  board.order("touch");
}

function draw() {
  const { state, connected } = site;
  const now = board.state;
  drawLamps(byId("lamps"), connected ? state : null);
  drawSaying(now, connected ? state : null, minute);
  drawCable(now);
  setAttribute(byId("story"), "aria-pressed", String(Boolean(now?.story.on)));
  const shows = now?.story.shows ?? "";
  for (const [id, name] of [["pictures", "pictures"], ["time", "time"], ["matrix", "matrix"], ["cable", "network"]]) {
    byId(id).toggleAttribute("data-shown", shows === name || (shows === "countdown" && name === "time"));
  }
  const doing = now?.doing ?? null;
  for (const button of document.querySelectorAll(".order")) {
    setAttribute(button, "aria-disabled", String(now === null || doing !== null));
  }
  setAttribute(document.documentElement, "data-doing", doing?.what ?? null);
  tick();
}

function drawCable(now) {
  const network = now?.network ?? "none";
  setAttribute(byId("network"), "data-network", network);
  setText(byId("network-word"), say(`network.${network}`));
  setAttribute(byId("cable"), "aria-pressed", String(network === "pulled"));
  const word = network === "pulled" ? "order.put_back" : "order.pull";
  setText(byId("cable-word"), say(word));
  setText(byId("cable-more"), say(`${word}.more`));
}

function tick() {
  const hdmi = document.querySelector("hdmi-picture");
  hdmi.name(say(hdmi.moves ? "hdmi.moves" : "hdmi.waits"));
  drawTag(byId("hdmi-tag"), hdmi.moves ? "good" : "unknown", say(hdmi.moves ? "tag.moves" : "tag.waits"));
  const tiles = [...document.querySelectorAll("live-tile")];
  const lives = tiles.some((tile) => tile.mode === "live");
  const lapsed = tiles.length > 0 && tiles.every((tile) => tile.mode === "lapsed");
  drawTag(byId("remote-tag"), lives ? "good" : lapsed ? "bad" : "unknown", say(lives ? "tag.moves" : lapsed ? "tag.ended" : "tag.waits"));
  const running = drawCountdown(byId("countdown"), site, minute);
  if (running) requestAnimationFrame(() => drawCountdown(byId("countdown"), site, minute));
  if (!site.state || !board.state) return;
  const nowMs = board.state.doing?.now ? Date.parse(board.state.doing.now) : site.nowMs();
  setText(byId("clock"), `${fullDate(nowMs, zone())} ${dateTime(nowMs, zone()).slice(-8)}`);
  const untils = site.state.cameras.map((camera) => camera.licence.until ?? camera.licence.denial?.since);
  document.querySelector("time-slider").update({
    terms: board.state.terms,
    ends: [...new Set(untils.filter(Boolean).map(Date.parse))],
    nowMs, zone: zone(), words: language, dayOf: minute, locale: LOCALES[language],
  });
}

function drawTag(tag, tone, text) {
  setAttribute(tag, "data-tone", tone);
  setText(tag, text);
}

begin();
