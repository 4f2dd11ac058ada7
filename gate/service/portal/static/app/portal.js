// What makes the pages nicer to use. Every page works without it.

import { QrCamera } from "./qr-camera.js";

for (const form of document.querySelectorAll("form[data-once]")) form.addEventListener("submit", sendOnce);
for (const dialog of document.querySelectorAll("dialog[data-modal]")) openModal(dialog);
for (const box of document.querySelectorAll("[data-shows]")) showWith(box);
for (const form of document.querySelectorAll("[data-live-search]")) searchWhileTyping(form);
document.querySelector(".menu [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
document.querySelector("[data-focus]")?.focus();
document.querySelector("[aria-invalid=true]")?.focus();
customElements.define("qr-camera", QrCamera);

/** The second click of a double click does nothing. Coming back to the page makes the form usable again. */
function sendOnce(event) {
  const form = event.currentTarget;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  const button = event.submitter;
  button?.setAttribute("aria-disabled", "true");
  window.addEventListener("pageshow", () => {
    delete form.dataset.sent;
    button?.removeAttribute("aria-disabled");
  });
}

/** A popup keeps the keyboard inside; Escape presses its first button, which always cancels. */
function openModal(dialog) {
  dialog.close();
  dialog.showModal();
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    dialog.querySelector("button")?.click();
  });
}

/** Shows a part of a form only while a box is ticked. */
function showWith(box) {
  const part = document.getElementById(box.dataset.shows);
  const update = () => {
    part.hidden = !box.checked;
    for (const input of part.querySelectorAll("input")) input.required = box.checked;
  };
  box.addEventListener("change", update);
  update();
}

/** Replaces the results while somebody types; a slow answer never replaces a newer one. */
function searchWhileTyping(form) {
  const target = document.getElementById(form.dataset.liveSearch);
  let waiting;
  let running;
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(async () => {
      running?.abort();
      running = new AbortController();
      const query = new URLSearchParams(new FormData(form));
      query.set("part", "found");
      try {
        const response = await fetch(`${form.action}?${query}`, { signal: running.signal });
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        target.replaceChildren(...(page.getElementById(target.id)?.childNodes ?? []));
      } catch (error) {
        if (error.name !== "AbortError") throw error;
      }
    }, 250);
  });
}
