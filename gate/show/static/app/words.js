// The board's own words in two languages; the recorder's own elements bring theirs.

let texts = {};

/** Loads a language and writes it wherever the page says `data-say` or, for a name alone, `data-name`. */
export async function loadWords(language) {
  const response = await fetch(`board/lang/${language}.json`);
  if (!response.ok) throw new Error(`words ${language}: HTTP ${response.status}`);
  texts = await response.json();
  for (const element of document.querySelectorAll("[data-say]")) element.textContent = say(element.dataset.say);
  for (const element of document.querySelectorAll("[data-name]")) element.setAttribute("aria-label", say(element.dataset.name));
  document.title = say("title");
}

/** The text of a key, `{name}` replaced by values.name; a missing key shows itself. */
export function say(key, values = {}) {
  return (texts[key] ?? key).replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

export const knows = (key) => key in texts;
