// The matrix: a lamp for each row, lit by what the recorder says that its gate allows now. Nothing is worked out here.

import { make, setAttribute, setText } from "/static/app/element.js";
import { say } from "./words.js";

const lamps = new Map();

/** Draws the rows of a site state; null: the recorder does not answer. */
export function drawLamps(list, state) {
  for (const row of state?.features ?? []) {
    if (!lamps.has(row.id)) {
      const lamp = makeLamp(row.id);
      lamps.set(row.id, lamp);
      list.append(lamp.item);
    }
  }
  for (const [id, lamp] of lamps) drawLamp(lamp, id, state?.features.find((row) => row.id === id) ?? null, state?.cameras ?? []);
}

function makeLamp(id) {
  const parts = {
    name: make("span", { class: "lamp-name" }),
    sign: make("span", { class: "lamp-sign", "aria-hidden": "true" }),
    word: make("span", { class: "lamp-word" }),
    cameras: make("span", { class: "lamp-cameras" }),
  };
  const { sign, name, word, cameras } = parts;
  return { ...parts, item: make("li", { class: "lamp" }, make("span", { class: "lamp-id" }, id), sign, name, word, cameras) };
}

function drawLamp(lamp, id, row, cameras) {
  const differ = Boolean(row?.allowed && row.denied_cameras.length);
  const tone = row === null ? "unknown" : differ ? "some" : row.allowed ? "good" : "bad";
  setAttribute(lamp.item, "data-tone", tone);
  setText(lamp.sign, { unknown: "–", some: "△", good: "○", bad: "×" }[tone]);
  setText(lamp.name, say(`row.${id}`));
  setText(lamp.word, say(`lamp.${tone}`));
  lamp.cameras.hidden = !differ;
  const denied = new Set(row?.denied_cameras ?? []);
  setText(lamp.cameras, differ ? cameras.map((camera) => `${denied.has(camera.id) ? "×" : "○"} ${camera.name}`).join("  ") : "");
}
