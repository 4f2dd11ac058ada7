// Draws a timeline's lanes: footage, gaps, lapses hatched, events, marks. Everything is told in words elsewhere, too.

import { t } from "../i18n.js";

export const LANE_PX = 34;
export const AXIS_PX = 24;

/** Draws everything but the playhead. lanes: [{name, map}]; marks: [inMs, outMs] or null each. */
export function paint(context, { scale, lanes, ticks, label, colours, marks, nowMs, height }) {
  const { width } = scale;
  context.clearRect(0, 0, width, height);
  context.font = `12px ${colours.font}`;
  context.textBaseline = "middle";
  paintTicks(context, scale, ticks, label, colours, height);
  lanes.forEach(({ name, map }, number) => paintLane(context, scale, map, AXIS_PX + number * LANE_PX, colours, lanes.length > 1 ? name : ""));
  paintFuture(context, scale, nowMs, colours, height);
  paintMarks(context, scale, marks, colours, height);
}

function paintTicks(context, scale, ticks, label, colours, height) {
  for (const { ms, day } of ticks) {
    const x = Math.round(scale.x(ms)) + 0.5;
    context.fillStyle = day ? colours.muted : colours.line;
    context.fillRect(x, day ? 0 : AXIS_PX - 6, 1, height);
    context.fillStyle = day ? colours.text : colours.muted;
    context.fillText(label(ms, day), x + 4, AXIS_PX / 2);
  }
}

function paintLane(context, scale, map, top, colours, name) {
  const band = [top + 5, LANE_PX - 12];
  context.fillStyle = colours.raised;
  context.fillRect(0, band[0], scale.width, band[1]);
  for (const span of map.spans) {
    const [x, width] = stretch(scale, span);
    if (width <= 0) continue;
    if (span.state === "recorded") {
      context.fillStyle = colours.footage;
      context.fillRect(x, band[0], width, band[1]);
      if (span.growing) {
        context.fillStyle = colours.rec;
        context.fillRect(x + width - 2, band[0], 2, band[1]);
      }
    } else if (width > 60) {
      context.fillStyle = colours.muted;
      clipText(context, t(`playback.reason.${span.reason}`), x, width, band[0] + band[1] / 2 + 1, 8);
    }
  }
  for (const span of map.entitlement) if (span.state === "lapsed") paintLapse(context, scale, span, top, colours);
  for (const event of map.events) paintEvent(context, scale, event, top, colours, map.nowMs);
  if (name) {
    context.fillStyle = colours.shade;
    context.fillRect(0, band[0], Math.min(context.measureText(name).width + 12, 140), band[1]);
    context.fillStyle = colours.text;
    clipText(context, name, 0, 140, band[0] + band[1] / 2 + 1, 6);
  }
}

function paintLapse(context, scale, span, top, colours) {
  const [x, width] = stretch(scale, span);
  if (width <= 0) return;
  context.save();
  context.beginPath();
  context.rect(x, top + 1, width, LANE_PX - 4);
  context.clip();
  context.strokeStyle = colours.bad;
  context.globalAlpha = 0.55;
  context.lineWidth = 1.5;
  context.beginPath();
  for (let at = x - LANE_PX - (x % 8); at < x + width; at += 8) {
    context.moveTo(at, top + LANE_PX);
    context.lineTo(at + LANE_PX, top);
  }
  context.stroke();
  context.globalAlpha = 1;
  context.fillStyle = colours.bad;
  context.fillRect(x, top + 1, width, 2);
  context.restore();
}

function paintEvent(context, scale, event, top, colours, nowMs) {
  const x = scale.x(event.startMs);
  const width = Math.max(3, scale.x(Math.min(event.endMs, Math.max(nowMs, event.startMs))) - x);
  if (x + width < 0 || x > scale.width) return;
  context.fillStyle = colours.warn;
  context.fillRect(x, top + LANE_PX - 6, width, 4);
}

/** Time that has not come yet. */
function paintFuture(context, scale, nowMs, colours, height) {
  const x = scale.x(nowMs);
  if (x >= scale.width) return;
  context.fillStyle = colours.shade;
  context.fillRect(Math.max(x, 0), AXIS_PX, scale.width, height);
}

function paintMarks(context, scale, marks, colours, height) {
  const [inX, outX] = marks.map((ms) => (ms === null ? null : scale.x(ms)));
  context.fillStyle = colours.accent;
  if (inX !== null && outX !== null) {
    context.globalAlpha = 0.18;
    context.fillRect(inX, 0, outX - inX, height);
    context.globalAlpha = 1;
  }
  if (inX !== null) bracket(context, inX, 1, height);
  if (outX !== null) bracket(context, outX, -1, height);
}

function bracket(context, x, side, height) {
  context.fillRect(x - 1, 0, 2, height);
  context.fillRect(side > 0 ? x : x - 7, 0, 7, 3);
  context.fillRect(side > 0 ? x : x - 7, height - 3, 7, 3);
}

function stretch(scale, { startMs, endMs }) {
  const x = Math.max(scale.x(startMs), 0);
  return [x, Math.min(scale.x(endMs), scale.width) - x];
}

function clipText(context, text, x, width, y, inset) {
  context.save();
  context.beginPath();
  context.rect(x, y - 12, width - 4, 24);
  context.clip();
  context.fillText(text, x + inset, y);
  context.restore();
}
