// The times of pictures in stored fragments (docs/protocols.md, "Remote playback"): what an exact seek and a step go by.

const TICKS_MS = 90;

const kindOf = (view, at) => String.fromCharCode(...[4, 5, 6, 7].map((byte) => view.getUint8(at + byte)));

function* boxes(view, start, end) {
  for (let at = start; at + 8 <= end; ) {
    const size = view.getUint32(at);
    if (size < 8) return;
    yield { kind: kindOf(view, at), body: at + 8, end: Math.min(at + size, end) };
    at += size;
  }
}

const within = (view, box, kind) => [...boxes(view, box.body, box.end)].find((inner) => inner.kind === kind);

/** How much later pictures lie in the media than they are shown (the edit list of an init section), in ms. */
export function delayMs(buffer) {
  const view = new DataView(buffer);
  const moov = within(view, { body: 0, end: buffer.byteLength }, "moov");
  const trak = moov && within(view, moov, "trak");
  const edts = trak && within(view, trak, "edts");
  const elst = edts && within(view, edts, "elst");
  return elst ? view.getInt32(elst.body + 12) / TICKS_MS : 0;
}

/** When each picture of these fragments is shown, in ms of media time, in the order of showing. */
export function pictureTimes(buffer, delay) {
  const view = new DataView(buffer);
  const times = [];
  for (const moof of boxes(view, 0, buffer.byteLength)) {
    const traf = moof.kind === "moof" && within(view, moof, "traf"); // the first: the pictures'
    if (!traf) continue;
    const tfdt = within(view, traf, "tfdt");
    const trun = within(view, traf, "trun");
    let ticks = Number(view.getBigUint64(tfdt.body + 4));
    const count = view.getUint32(trun.body + 4);
    for (let sample = 0, at = trun.body + 12; sample < count; sample += 1, at += 16) {
      times.push((ticks + view.getInt32(at + 12)) / TICKS_MS - delay);
      ticks += view.getUint32(at);
    }
  }
  return times.sort((a, b) => a - b);
}
