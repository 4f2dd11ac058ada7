// Plays fragments of one picture each in a <video>, as close to now as they come.

const JUMP_SECONDS = 2.5; // further behind: jump to the edge
const FAST = [
  [0.9, 1.25],
  [0.45, 1.08],
]; // [behind, rate]: further behind, play a little faster
const EDGE_SECONDS = 0.12;
const KEEP_SECONDS = 8;
const TRIM_SECONDS = 20;
const QUEUE_PIECES_MAX = 1200;

const Source = self.ManagedMediaSource ?? self.MediaSource;

export class MsePlayer {
  #video;
  #failed;
  #source = null;
  #buffer = null;
  #queue = [];
  #mime = "";
  #address = "";
  #labelMs = 0;
  #edge = 0; // media time up to which pictures are appended: the end of the one labelled #labelMs
  #stepMs = 0; // from one picture to the next
  #heardMs = 0;
  #appending = null;
  #started = false;
  #presented = null;
  #watching = 0;
  #closing = null; // the <video> outlives each source: what listens to it goes with the source

  /** failed(reason): nothing more will play; close and begin again. */
  constructor(video, failed) {
    this.#video = video;
    this.#failed = failed;
  }

  /** Whether this browser has it at all. */
  static get available() {
    return Boolean(Source);
  }

  static supports(mime) {
    return Boolean(Source?.isTypeSupported(mime));
  }

  /** Makes ready for pictures of this type; what plays already goes on. */
  open(mime) {
    if (this.#source && mime === this.#mime) return;
    this.close();
    this.#mime = mime;
    const source = new Source();
    this.#source = source;
    this.#closing = new AbortController();
    this.#address = URL.createObjectURL(source);
    this.#video.disableRemotePlayback = true;
    this.#video.src = this.#address;
    source.addEventListener("startstreaming", () => this.#pump()); // ManagedMediaSource, on phones
    source.addEventListener("sourceopen", () => this.#opened(source), { once: true });
    this.#watchPresented();
  }

  append(piece) {
    if (!this.#source) return;
    if (this.#queue.length >= QUEUE_PIECES_MAX) {
      this.#fail("the browser does not keep up");
      return;
    }
    if (!piece.init) {
      const step = piece.labelMs - this.#heardMs;
      if (step > 0 && step < 1000) this.#stepMs = step;
      this.#heardMs = piece.labelMs;
    }
    this.#queue.push(piece);
    this.#pump();
  }

  /** Clears the picture and forgets everything. */
  close() {
    this.#closing?.abort();
    this.#source = null;
    this.#buffer = null;
    this.#queue = [];
    this.#appending = null;
    this.#started = false;
    this.#presented = null;
    if (this.#watching) this.#video.cancelVideoFrameCallback?.(this.#watching);
    this.#watching = 0;
    if (!this.#address) return;
    URL.revokeObjectURL(this.#address);
    this.#address = "";
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  /** When the newest picture reached the screen (performance.now()), and its label; null before the first. */
  get presented() {
    return this.#presented;
  }

  #opened(source) {
    if (source !== this.#source) return;
    try {
      this.#buffer = source.addSourceBuffer(this.#mime);
    } catch (error) {
      this.#fail(error.message);
      return;
    }
    // Runs, dropped pictures and clock steps all become one unbroken line of media time.
    this.#buffer.mode = "sequence";
    this.#buffer.addEventListener("updateend", () => this.#appended(source));
    this.#buffer.addEventListener("error", () => this.#fail("the pictures cannot be decoded"));
    const { signal } = this.#closing;
    this.#video.addEventListener("error", () => this.#fail("decoder error"), { once: true, signal });
    this.#pump();
  }

  #pump() {
    const buffer = this.#buffer;
    if (!buffer || buffer.updating || this.#source.readyState !== "open" || this.#source.streaming === false) return;
    if (this.#trim(buffer) || this.#queue.length === 0) return;
    const pieces = this.#queue.splice(0);
    const newest = pieces.findLast((piece) => !piece.init);
    this.#appending = newest?.labelMs ?? null;
    try {
      buffer.appendBuffer(joined(pieces.map((piece) => piece.data)));
    } catch (error) {
      this.#fail(error.message);
    }
  }

  #appended(source) {
    if (source !== this.#source) return;
    const { buffered } = this.#buffer;
    if (this.#appending !== null && buffered.length) {
      this.#labelMs = this.#appending;
      this.#edge = buffered.end(buffered.length - 1);
      this.#appending = null;
      this.#follow(buffered);
    }
    this.#pump();
  }

  #follow(buffered) {
    const video = this.#video;
    const behind = this.#edge - video.currentTime;
    if (!this.#started || behind > JUMP_SECONDS || behind < -0.1) {
      this.#started = true;
      video.currentTime = Math.max(buffered.start(buffered.length - 1), this.#edge - EDGE_SECONDS);
    }
    const rate = FAST.find(([limit]) => behind > limit)?.[1] ?? 1;
    if (video.playbackRate !== rate) video.playbackRate = rate;
    if (video.paused) video.play().catch(() => {}); // refused or overtaken by a close: the next picture tries again
  }

  #trim(buffer) {
    const { buffered } = buffer;
    const now = this.#video.currentTime;
    if (!buffered.length || now - buffered.start(0) < TRIM_SECONDS) return false;
    buffer.remove(0, now - KEEP_SECONDS);
    return true;
  }

  #watchPresented() {
    const source = this.#source;
    const seen = (now, frame) => {
      if (source !== this.#source) return;
      const beforeEdgeMs = (this.#edge - frame.mediaTime) * 1000 - this.#stepMs;
      this.#presented = { at: now, labelMs: this.#labelMs - Math.max(0, beforeEdgeMs) };
      this.#watching = this.#video.requestVideoFrameCallback(seen);
    };
    this.#watching = this.#video.requestVideoFrameCallback(seen);
  }

  #fail(reason) {
    this.close();
    this.#failed(reason);
  }
}

function joined(parts) {
  if (parts.length === 1) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    whole.set(part, offset);
    offset += part.length;
  }
  return whole;
}
