// The pictures of a multipart/x-mixed-replace answer, one after another. Every part tells its length.

const HEAD_END = [13, 10, 13, 10];
const HEAD_BYTES_MAX = 1024;
const PICTURE_BYTES_MAX = 8 << 20;

/** Takes bytes as they come, gives whole pictures (Uint8Array). Throws where it is no such answer. */
export class Multipart {
  #held = new Uint8Array(1 << 20);
  #length = 0;

  feed(bytes) {
    this.#keep(bytes);
    const pictures = [];
    let from = 0;
    for (;;) {
      const head = this.#headEnd(from);
      if (head < 0) break;
      const text = new TextDecoder().decode(this.#held.subarray(from, head));
      const size = Number(/content-length:\s*(\d+)/i.exec(text)?.[1] ?? NaN);
      if (!(size <= PICTURE_BYTES_MAX)) throw new Error("a part without its length");
      if (head + size > this.#length) break;
      pictures.push(this.#held.slice(head, head + size));
      from = head + size;
    }
    this.#held.copyWithin(0, from, this.#length);
    this.#length -= from;
    return pictures;
  }

  #keep(bytes) {
    const wanted = this.#length + bytes.length;
    if (wanted > PICTURE_BYTES_MAX * 2) throw new Error("more than two pictures wait");
    if (wanted > this.#held.length) {
      const larger = new Uint8Array(wanted * 2);
      larger.set(this.#held.subarray(0, this.#length));
      this.#held = larger;
    }
    this.#held.set(bytes, this.#length);
    this.#length = wanted;
  }

  /** Where the first part's bytes begin, -1 while its head is not whole. */
  #headEnd(from) {
    const until = Math.min(this.#length - 3, from + HEAD_BYTES_MAX);
    for (let at = from; at < until; at++) {
      if (HEAD_END.every((byte, index) => this.#held[at + index] === byte)) return at + 4;
    }
    return -1;
  }
}
