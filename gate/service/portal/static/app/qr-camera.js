// The device's own camera beside the file field: a picture of it goes into the form, and the server reads it.

const WIDTH = 1280;
const QUALITY = 0.9;

export class QrCamera extends HTMLElement {
  #video = null;
  #button = document.createElement("button");
  #status = document.createElement("p");

  connectedCallback() {
    if (!navigator.mediaDevices?.getUserMedia) return;
    this.#button.type = "button";
    this.#button.className = "button";
    this.#button.textContent = this.dataset.open;
    this.#button.addEventListener("click", () => (this.#video ? this.#close() : this.#open()));
    this.#status.className = "field-hint";
    this.#status.setAttribute("role", "status");
    this.className = "stack";
    this.append(this.#button, this.#status);
    this.closest("form").addEventListener("submit", (event) => this.#takePicture(event));
  }

  disconnectedCallback() {
    this.#close();
  }

  async #open() {
    let stream;
    try {
      stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment", width: WIDTH } });
    } catch {
      this.#status.textContent = this.dataset.refused;
      return;
    }
    this.#video = Object.assign(document.createElement("video"), { className: "scan", muted: true, playsInline: true });
    this.#video.srcObject = stream;
    this.prepend(this.#video);
    await this.#video.play();
    this.#button.textContent = this.dataset.close;
    this.#status.textContent = this.dataset.looking;
    this.#field.required = false;
  }

  #close() {
    for (const track of this.#video?.srcObject?.getTracks() ?? []) track.stop();
    this.#video?.remove();
    this.#video = null;
    this.#button.textContent = this.dataset.open;
    this.#status.textContent = "";
    this.#field.required = true;
  }

  get #field() {
    return this.closest("form").querySelector("input[type=file]");
  }

  /** Puts the camera's picture into the form, and sends it. */
  #takePicture(event) {
    if (!this.#video || this.#field.files.length) return;
    event.preventDefault();
    const canvas = document.createElement("canvas");
    canvas.width = this.#video.videoWidth;
    canvas.height = this.#video.videoHeight;
    canvas.getContext("2d").drawImage(this.#video, 0, 0);
    canvas.toBlob(
      (blob) => {
        const files = new DataTransfer();
        files.items.add(new File([blob], "camera.jpg", { type: "image/jpeg" }));
        this.#field.files = files.files;
        this.closest("form").submit();
      },
      "image/jpeg",
      QUALITY,
    );
  }
}
