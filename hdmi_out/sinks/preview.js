"use strict";
const picture = document.getElementById("picture");
const said = document.getElementById("said");
const lost = document.documentElement.lang === "ja" ? "モニターが応答しません" : "The monitor does not answer";
const keys = {
  ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right", Escape: "back",
  Backspace: "back", Home: "home", PageDown: "next", PageUp: "previous", m: "menu", s: "stop", "+": "faster", "-": "slower",
  r: "reverse", ".": "step", ",": "step_back", g: "grid", t: "tour", l: "language", i: "identify", Enter: "ok", " ": "play",
};
let orders = Promise.resolve();

function give(order) {
  orders = orders.then(async () => {
    const answer = await fetch("v1/order", {
      method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(order),
    });
    const told = await answer.json();
    said.textContent = told.error ?? "";
    if (told.language && told.language !== document.documentElement.lang) location.reload();
  }).catch(() => { said.textContent = lost; });
}

for (const button of document.querySelectorAll("button")) {
  button.addEventListener("click", () => give({ key: button.dataset.key }));
}
addEventListener("keydown", (event) => {
  const key = keys[event.key];
  const pressing = document.activeElement?.tagName === "BUTTON" && (event.key === "Enter" || event.key === " ");
  if (!key || pressing || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  give({ key });
});

function place(event) {
  const box = picture.getBoundingClientRect();
  const scale = Math.min(box.width / picture.naturalWidth, box.height / picture.naturalHeight);
  const width = picture.naturalWidth * scale, height = picture.naturalHeight * scale;
  const x = (event.clientX - box.left - (box.width - width) / 2) / width;
  const y = (event.clientY - box.top - (box.height - height) / 2) / height;
  return x >= 0 && x <= 1 && y >= 0 && y <= 1 ? [x, y] : null;
}
picture.addEventListener("click", (event) => {
  const point = place(event);
  if (point) give({ point });
});
picture.addEventListener("contextmenu", (event) => { event.preventDefault(); give({ key: "back" }); });
picture.addEventListener("error", () => setTimeout(() => { picture.src = "stream.mjpeg?" + Date.now(); }, 1000));
