// One clock for up to four cameras: who leads it, how fast it goes, and what it passes over.
//
// The first camera with footage at the moment leads: its picture is the time. The others are kept beside it, a little
// faster or slower, or put there. Where no camera has footage the clock jumps to where the next one has.

export const SPEEDS = [0.25, 0.5, 1, 2, 4, 8, 16];
export const KEYS_ABOVE = 4; // faster than that key pictures alone are fetched
const TICK_MS = 50;
const END_MS = 40; // that near to its end a stretch is over
const STUCK_MS = 400;
const DRIFT_SEEK_MS = 500;
const DRIFT_CALM_MS = 15;
const BEHIND_MS = 90_000; // what is fetched at once when it goes backward
const STILL_MS = 250; // how long a picture stands, at least, when it goes backward

/** Events: `change` (anything shown has changed), `jump` (detail {fromMs, toMs, reason}), `end` (nothing follows). */
export class Conductor extends EventTarget {
  playing = false;
  rate = 1;
  sound = false;
  #members = [];
  #atMs = 0;
  #seeking = 0;
  #timer = 0;
  #tickedAt = 0;
  #stuckAt = 0;

  /** members: [{map, player, denied}]; `denied` says that a camera may not be watched now. */
  constructor(signal) {
    super();
    this.#timer = setInterval(() => this.#tick(), TICK_MS);
    signal.addEventListener("abort", () => clearInterval(this.#timer), { once: true });
  }

  get members() {
    return this.#members;
  }

  set members(members) {
    this.#members = members;
  }

  /** The instant that is shown. */
  get atMs() {
    const leader = this.playing && this.rate > 0 ? this.#leader(this.#atMs) : null;
    return leader?.player.phase === "ready" ? Math.max(leader.player.positionMs, 0) : this.#atMs;
  }

  get isLoading() {
    return this.#seeking > 0 || this.#members.some(({ player }) => player.phase === "loading");
  }

  get #keys() {
    return this.rate > KEYS_ABOVE || this.rate < 0;
  }

  /** Shows an instant in every camera that has footage of it; in a gap of all of them the next there is. */
  async seek(ms, { announce = true } = {}) {
    const ticket = ++this.#seeking;
    const from = ms;
    await Promise.all(this.#members.map(({ map }) => map.cover(ms, ms + 60_000, 3 * 3_600_000)));
    let target = ms;
    if (!this.#leader(ms)) {
      const next = await this.#next(ms);
      if (ticket !== this.#seeking) return;
      if (next === null) {
        this.#settle(ticket, ms);
        this.#ended();
        return;
      }
      target = next;
      await Promise.all(this.#members.map(({ map }) => map.cover(target, target + 60_000, 3 * 3_600_000)));
      if (announce) this.#tell("jump", { fromMs: from, toMs: target, reason: this.#reason(from) });
    }
    if (ticket === this.#seeking) this.#settle(ticket, target);
  }

  #settle(ticket, ms) {
    this.#atMs = ms;
    this.#seeking = 0;
    this.#stuckAt = 0;
    for (const member of this.#members) this.#place(member, ms);
    this.#tell("change");
  }

  #place({ map, player, denied }, ms) {
    if (denied) return;
    const options = { keys: this.#keys, behindMs: this.rate < 0 ? BEHIND_MS : 0 };
    if (map.footageAt(ms)) player.seek(ms, options);
    else player.close();
  }

  play() {
    if (this.playing) return;
    this.playing = true;
    this.#tickedAt = performance.now();
    if (this.#members.some(({ player }) => player.phase === "empty") && this.#members.length) this.seek(this.#atMs);
    this.#tell("change");
  }

  pause() {
    if (!this.playing) return;
    this.#atMs = this.atMs;
    this.playing = false;
    for (const { player } of this.#members) player.pause();
    this.#align();
    this.#tell("change");
  }

  /** At that speed, backward if negative. */
  setRate(rate) {
    if (rate === this.rate) return;
    const [at, keys, backward] = [this.atMs, this.#keys, this.rate < 0];
    this.rate = rate;
    for (const { player } of this.#members) {
      if (rate > 0) player.rate = rate;
      else player.pause();
    }
    if (keys !== this.#keys || backward !== rate < 0) this.seek(at, { announce: false });
    this.#tell("change");
  }

  /** One picture on (1) or back (-1), in the camera that leads; the others go along. */
  async step(direction) {
    this.pause();
    if (this.#keys) {
      this.rate = 1;
      await this.seek(this.#atMs, { announce: false });
      return;
    }
    const leader = this.#leader(this.#atMs) ?? this.#members.find(({ player }) => player.phase === "ready");
    if (!leader) return;
    const known = leader.player.neighbour(direction);
    if (known !== null && leader.map.footageAt(known)) {
      this.#settle(this.#seeking, known);
      return;
    }
    const edge = direction > 0 ? await this.#next(this.#atMs) : await this.#before(leader);
    if (edge !== null) await this.seek(edge);
  }

  /** Where footage lies before what is there of it now: inside the same stretch, or at the end of the one before. */
  async #before({ map, player }) {
    const at = this.#atMs;
    const span = map.footageAt(at);
    if (span && at - span.startMs > 200 && player.bufferedFromMs - span.startMs > 50) return player.bufferedFromMs - 1;
    const end = await map.previousEnd((span?.startMs ?? at));
    return end === null ? null : end - END_MS - 1;
  }

  /** A member was denied, or is granted again; or others are shown. */
  refresh() {
    for (const member of this.#members) if (member.denied) member.player.close();
    this.seek(this.#atMs || this.atMs, { announce: false });
  }

  #leader(ms) {
    return this.#members.find(({ map, player, denied }) => !denied && player.phase !== "unsupported" && map.footageAt(ms)) ?? null;
  }

  async #next(ms) {
    const open = this.#members.filter(({ denied, player }) => !denied && player.phase !== "unsupported");
    const starts = (await Promise.all(open.map(({ map }) => map.nextStart(ms)))).filter((start) => start !== null);
    return starts.length ? Math.min(...starts) : null;
  }

  async #previous(ms) {
    const open = this.#members.filter(({ denied }) => !denied);
    const ends = (await Promise.all(open.map(({ map }) => map.previousEnd(ms)))).filter((end) => end !== null);
    return ends.length ? Math.max(...ends) : null;
  }

  #reason(ms) {
    for (const { map } of this.#members) {
      const gap = map.gapAt(ms) ?? map.gapAt(ms + END_MS); // instants are told to the millisecond
      if (gap) return gap.reason;
    }
    return null;
  }

  #tick() {
    const now = performance.now();
    const passed = now - this.#tickedAt;
    this.#tickedAt = now;
    if (!this.playing || this.#seeking) return;
    if (this.rate < 0) this.#tickBackward(passed);
    else this.#tickForward(now);
    this.#tell("change");
  }

  #tickForward(now) {
    const leader = this.#leader(this.#atMs);
    if (!leader) {
      this.#pass(this.#atMs);
      return;
    }
    const { player, map } = leader;
    if (player.phase === "empty") this.#place(leader, this.#atMs);
    if (player.phase !== "ready") return;
    const at = player.positionMs;
    map.cover(at, at + 60_000, 3 * 3_600_000);
    const end = map.footageAt(this.#atMs).endMs;
    if (at >= end - END_MS || (this.#isStuck(player, now) && end - at < 1500)) {
      this.#pass(end);
      return;
    }
    this.#atMs = Math.min(Math.max(at, this.#atMs - 1000), end - END_MS);
    for (const member of this.#members) member.player.tend();
    this.#drive(leader);
    for (const member of this.#members) if (member !== leader) this.#follow(member, at, player);
  }

  #drive({ player }) {
    player.muted = !this.sound || this.rate > 1;
    player.play(this.rate);
  }

  #follow(member, at, leading) {
    const { map, player, denied } = member;
    if (denied || player.phase === "unsupported") return;
    player.muted = true;
    if (!map.footageAt(at)) {
      map.cover(at, at + 60_000, 3 * 3_600_000);
      if (player.phase !== "empty") player.close();
      return;
    }
    if (player.phase === "empty") this.#place(member, at);
    if (!player.hasPicture) return;
    const drift = player.positionMs - at;
    if (Math.abs(drift) > DRIFT_SEEK_MS * Math.max(1, this.rate)) this.#place(member, at);
    else if (!leading.isReady && drift > 0) player.pause();
    else player.play(this.rate * (Math.abs(drift) < DRIFT_CALM_MS ? 1 : 1 - Math.max(-0.2, Math.min(0.2, drift / 1000))));
  }

  /** Whether nothing comes although it should: at the end of footage sound may end before pictures. */
  #isStuck(player, now) {
    if (player.isReady) this.#stuckAt = now;
    this.#stuckAt ||= now;
    return now - this.#stuckAt > STUCK_MS;
  }

  /** Over the end of a stretch: to another camera's picture of that time, or to the next there is. */
  async #pass(endMs) {
    if (this.#leader(endMs)) {
      this.#atMs = endMs;
      for (const member of this.#members) {
        if (!member.map.footageAt(endMs)) member.player.close();
        else if (member.player.phase === "empty" || Math.abs(member.player.positionMs - endMs) > 300) this.#place(member, endMs);
      }
      return;
    }
    await this.seek(endMs);
  }

  #tickBackward(passed) {
    const at = this.#atMs + this.rate * passed;
    const leader = this.#leader(at);
    if (!leader) {
      this.#passBackward(at);
      return;
    }
    if (leader.player.phase === "loading") return;
    this.#atMs = at;
    for (const member of this.#members) {
      const { map, player, denied } = member;
      if (denied || !map.footageAt(at)) player.close();
      else if (!player.hasPicture || player.bufferedFromMs - 1 > at) this.#place(member, at);
      else if (Math.abs(player.positionMs - at) > STILL_MS) player.seek(at, { keys: true, behindMs: BEHIND_MS });
    }
  }

  async #passBackward(ms) {
    const ticket = ++this.#seeking;
    const end = await this.#previous(ms);
    if (ticket !== this.#seeking) return;
    if (end === null) {
      this.#seeking = 0;
      this.#ended();
      return;
    }
    await this.seek(end - END_MS);
  }

  /** Paused, all show the picture of the same instant. */
  #align() {
    for (const { player, map, denied } of this.#members) {
      if (!denied && player.phase === "ready" && map.footageAt(this.#atMs)) player.seek(this.#atMs, { keys: this.#keys });
    }
  }

  #ended() {
    this.playing = false;
    for (const { player } of this.#members) player.pause();
    this.#tell("end");
    this.#tell("change");
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}
