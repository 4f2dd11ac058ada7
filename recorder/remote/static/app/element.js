// Building DOM without markup strings: texts from the recorder can never become markup.

/** An element with attributes (false and null are left out) and children (nodes or texts). */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== false && value !== null && value !== undefined) element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

/** Calls `work` every `ms` until the signal is aborted. */
export function every(ms, signal, work) {
  const timer = setInterval(work, ms);
  signal.addEventListener("abort", () => clearInterval(timer), { once: true });
}

/** Sets a text only if it changed: screen readers and layout stay calm. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export function setAttribute(element, name, value) {
  if (value === null) element.removeAttribute(name);
  else if (element.getAttribute(name) !== value) element.setAttribute(name, value);
}
