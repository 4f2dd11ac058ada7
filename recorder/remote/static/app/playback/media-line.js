// One <video>'s media as a line of wall time: pieces lie where they were recorded, `baseMs` being media time 0.

const MEDIA_SECONDS = 40 * 86_400;
const TIMES_MAX = 20_000;

const Source = self.ManagedMediaSource ?? self.MediaSource;

export class MediaLine {
  baseMs = 0;
  #video;
  #source = null;
  #buffer = null;
  #address = "";
  #mime = "";
  #digest = "";
  #times = [];

  constructor(video) {
    this.#video = video;
    video.disableRemotePlayback = true;
  }

  static plays(mime) {
    return Boolean(Source?.isTypeSupported(mime));
  }

  get isOpen() {
    return this.#source !== null;
  }

  /** Whether an instant can lie on the line as it is. */
  reaches(ms) {
    return this.#source !== null && ms >= this.baseMs + 60_000 && ms < this.baseMs + MEDIA_SECONDS * 1000;
  }

  /** Of a position of the video, and back. */
  wallMs(seconds) {
    return this.baseMs + seconds * 1000;
  }

  mediaSeconds(ms) {
    return (ms - this.baseMs) / 1000;
  }

  /** The unbroken stretch [fromMs, toMs] around an instant; null where nothing is. */
  rangeAt(ms) {
    if (!this.#buffer) return null;
    const { buffered } = this.#buffer;
    const at = this.mediaSeconds(ms);
    for (let index = 0; index < buffered.length; index += 1) {
      if (buffered.start(index) - 0.001 <= at && at < buffered.end(index)) {
        return [this.wallMs(buffered.start(index)), this.wallMs(buffered.end(index))];
      }
    }
    return null;
  }

  /** The last picture shown at or before an instant (undefined without one), of those that are there. */
  lastAt(ms) {
    return this.#times.findLast((time) => time <= ms && this.rangeAt(time + 1));
  }

  /** The picture beside one: after it (`direction` 1) or before (-1); undefined without one. */
  beside(ms, direction) {
    const times = this.#times;
    const found = direction > 0 ? times.find((time) => time > ms + 0.5) : times.findLast((time) => time < ms - 0.5);
    return found !== undefined && this.rangeAt(found + 1) ? found : undefined;
  }

  /** The exact time of the picture that the browser says was at that time. */
  exact(ms) {
    const near = this.#times.find((time) => time >= ms - 0.5);
    return near !== undefined && near - ms < 1 ? near : ms;
  }

  /** Puts a piece in its place; what lies before `keepMs` may go. Rejects where the browser cannot. */
  async append(piece, keepMs, signal) {
    await this.#open(piece.mime);
    const buffer = this.#buffer;
    await idle(buffer, signal);
    if (signal.aborted || buffer !== this.#buffer) return;
    if (piece.digest !== this.#digest) {
      await appended(buffer, piece.init, signal);
      this.#digest = piece.digest;
    }
    buffer.timestampOffset = this.mediaSeconds(piece.anchorMs);
    await this.#trim(keepMs, 5_000, signal);
    try {
      await appended(buffer, piece.data, signal);
    } catch (error) {
      if (error.name !== "QuotaExceededError") throw error;
      await this.#trim(this.wallMs(this.#video.currentTime) - 1_000, 0, signal);
      await appended(buffer, piece.data, signal);
    }
    this.#times = [...new Set([...this.#times, ...piece.times])].sort((a, b) => a - b).slice(-TIMES_MAX);
  }

  /** Empties the video. */
  close() {
    const had = this.#source !== null;
    this.#source = this.#buffer = null;
    this.#mime = this.#digest = "";
    this.#times = [];
    if (!had) return;
    URL.revokeObjectURL(this.#address);
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  async #open(mime) {
    if (this.#source && mime === this.#mime) return;
    if (this.#source && hasSound(mime) === hasSound(this.#mime)) {
      this.#buffer.changeType(mime);
      this.#mime = mime;
      return;
    }
    this.close(); // a track more or less: another source
    const source = new Source();
    this.#source = source;
    this.#mime = mime;
    this.#address = URL.createObjectURL(source);
    this.#video.src = this.#address;
    await new Promise((done) => source.addEventListener("sourceopen", done, { once: true }));
    if (source !== this.#source) throw new Error("closed");
    source.duration = MEDIA_SECONDS;
    this.#buffer = source.addSourceBuffer(mime);
  }

  async #trim(keepMs, slackMs, signal) {
    const { buffered } = this.#buffer;
    if (!buffered.length || this.wallMs(buffered.start(0)) > keepMs - slackMs) return;
    await updated(this.#buffer, signal, () => this.#buffer.remove(0, this.mediaSeconds(keepMs)));
    const first = this.#buffer.buffered.length ? this.wallMs(this.#buffer.buffered.start(0)) : Infinity;
    this.#times = this.#times.filter((ms) => ms >= first - 1);
  }
}

export const hasSound = (mime) => mime.includes("mp4a");

function updated(buffer, signal, work) {
  return new Promise((done, failed) => {
    const ended = new AbortController();
    const finish = (result) => () => {
      ended.abort();
      result();
    };
    const once = { signal: ended.signal };
    buffer.addEventListener("updateend", finish(done), once);
    buffer.addEventListener("error", finish(() => failed(new Error("the pictures cannot be decoded"))), once);
    signal.addEventListener("abort", finish(() => failed(new Error("stopped"))), once);
    try {
      work();
    } catch (error) {
      ended.abort();
      failed(error);
    }
  });
}

const appended = (buffer, data, signal) => updated(buffer, signal, () => buffer.appendBuffer(data));

/** What was begun before the last stop is over. */
function idle(buffer, signal) {
  if (!buffer.updating) return null;
  return new Promise((done) => {
    buffer.addEventListener("updateend", done, { once: true });
    signal.addEventListener("abort", done, { once: true });
  });
}
