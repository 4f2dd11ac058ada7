// The browser's own HLS player as a link: it has its connections itself, so that what it does is read off the <video>.

import { Link } from "./link.js";

const SILENCE_SECONDS_MAX = 20;
const FAILURES_MAX = 2;

export class HlsLink extends Link {
  #url;
  #video;
  #useless;
  #using = null;
  #presented = null;
  #failures = 0;

  /** changed(): the phase has. useless(): this browser says that it plays HLS, and does not play this. */
  constructor(url, video, { changed, useless }) {
    super(changed, SILENCE_SECONDS_MAX);
    this.#url = url;
    this.#video = video;
    this.#useless = useless;
  }

  /** When the newest picture reached the screen (performance.now()), and its label; null before the first. */
  get presented() {
    return this.#presented;
  }

  open() {
    const video = this.#video;
    this.#using = new AbortController();
    const { signal } = this.#using;
    video.addEventListener("error", () => this.#ask(signal, true), { signal });
    video.addEventListener("ended", () => this.#ask(signal, true), { signal });
    video.addEventListener("timeupdate", () => this.#played(), { signal });
    video.src = this.#url;
    video.play().catch(() => {}); // its `error` tells
    this.#ask(signal, false);
  }

  drop() {
    if (!this.#using) return;
    this.#using.abort();
    this.#using = null;
    this.#presented = null;
    this.#video.removeAttribute("src");
    this.#video.load();
  }

  /** The player goes on with what it holds when the licence ends: asks at once, and clears it if so. */
  licence(active) {
    super.licence(active);
    if (!active && this.#using) this.#ask(this.#using.signal, false);
  }

  /** What the recorder says of this address. `broken`: the player plays no more. */
  async #ask(signal, broken) {
    let code = 0;
    try {
      const answer = await fetch(this.#url, { signal, cache: "no-store" });
      if (answer.ok && !broken) return;
      if (!answer.ok) {
        code = answer.status;
        this.endProblem = await answer.json();
      } else if (!this.#presented && ++this.#failures >= FAILURES_MAX) {
        this.#useless();
        return;
      }
    } catch {
      // Not to be reached, or aborted by `drop`: told apart below.
    }
    if (!signal.aborted) this.closed(code);
  }

  #played() {
    const video = this.#video;
    if (video.readyState < HTMLMediaElement.HAVE_CURRENT_DATA || video.currentTime === 0) return;
    if (this.phase !== "open") this.opened();
    this.#failures = 0;
    this.heard();
    const startMs = video.getStartDate?.().getTime() ?? NaN; // of EXT-X-PROGRAM-DATE-TIME, where the browser tells
    this.#presented = { at: performance.now(), labelMs: startMs + video.currentTime * 1000 };
  }
}
