// The two languages of the app. One catalogue is loaded, in parts; a missing key shows itself as the key.

/** The parts of a catalogue, `lang/<language>/<part>.json`: `app`, and those of the pages. */
const PARTS = ["app", "live", "record", "access", "playback", "events", "exports", "licences", "upkeep"];
const STORAGE_KEY = "language";
const LANGUAGES = ["ja", "en"];

let texts = {};
let current = "ja";

/** The language asked for in the address, else the one chosen last time, else what the server chose for this page. */
export function wantedLanguage() {
  const asked = new URLSearchParams(location.search).get("lang");
  if (LANGUAGES.includes(asked)) {
    remember(asked);
    return asked;
  }
  const remembered = recall();
  return LANGUAGES.includes(remembered) ? remembered : document.documentElement.lang;
}

export async function loadCatalogue(language) {
  texts = Object.assign({}, ...(await Promise.all(PARTS.map((part) => loadPart(language, part)))));
  current = language;
  document.documentElement.lang = language;
  for (const element of document.querySelectorAll("[data-text]")) element.textContent = t(element.dataset.text);
}

async function loadPart(language, part) {
  const response = await fetch(`static/lang/${language}/${part}.json`);
  if (!response.ok) throw new Error(`catalogue ${language}/${part}: HTTP ${response.status}`);
  return response.json();
}

export function language() {
  return current;
}

/** The text of a key, `{name}` replaced by values.name. */
export function t(key, values = {}) {
  const text = texts[key] ?? key;
  return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

function remember(value) {
  try {
    localStorage.setItem(STORAGE_KEY, value);
  } catch {
    // Storage may be forbidden; the choice then lasts as long as the address.
  }
}

function recall() {
  try {
    return localStorage.getItem(STORAGE_KEY);
  } catch {
    return null;
  }
}
