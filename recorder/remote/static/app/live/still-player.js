// Shows key pictures in an <img>, each as soon as it is decoded.

export class StillPlayer {
  #image;
  #address = "";
  #presented = null;
  #stepMs = 0;
  #shown = 0;

  constructor(image) {
    this.#image = image;
  }

  /** When the newest picture reached the screen (performance.now()), and its label; null before the first. */
  get presented() {
    return this.#presented;
  }

  /** How long the camera takes from one key picture to the next; 0 while unknown. */
  get stepMs() {
    return this.#stepMs;
  }

  get shown() {
    return this.#shown;
  }

  append({ labelMs, data }) {
    const before = this.#address;
    const address = URL.createObjectURL(new Blob([data], { type: "image/jpeg" }));
    this.#address = address;
    this.#image.onload = () => {
      if (address !== this.#address) return;
      if (this.#presented) this.#stepMs = labelMs - this.#presented.labelMs;
      this.#presented = { at: performance.now(), labelMs };
      this.#shown += 1;
    };
    this.#image.src = address; // the one before stays until this one is decoded
    URL.revokeObjectURL(before);
  }

  /** Clears the picture and forgets everything. */
  close() {
    this.#presented = null;
    this.#stepMs = 0;
    this.#image.onload = null;
    this.#image.removeAttribute("src");
    URL.revokeObjectURL(this.#address);
    this.#address = "";
  }
}
