// Asking the recorder, and asking the person in front of it.

import { make } from "../element.js";
import { language, t } from "../i18n.js";

/** `{ok, status, data}`; `data` is the answer, or the problem where it is not ok. Unreachable: status 0 and null. */
export async function ask(path, { method = "GET", body, signal } = {}) {
  const separator = path.includes("?") ? "&" : "?";
  try {
    const response = await fetch(`${path}${separator}lang=${language()}`, {
      method, signal,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    const data = response.status === 204 ? null : await response.json().catch(() => null);
    return { ok: response.ok, status: response.status, data };
  } catch {
    return { ok: false, status: 0, data: null };
  }
}

/** What went wrong, for people: the title and what to do. */
export const troubleText = ({ data }) => (data?.title ? `${data.title} — ${data.remedy ?? data.detail ?? ""}` : t("upkeep.unreachable"));

/** Whether the person says yes; Escape says no. No form is sent: through the licence service pages may send none. */
export function confirmed(title, text, action) {
  return new Promise((resolve) => {
    const yes = make("button", { type: "button", class: "button is-main" }, action);
    const no = make("button", { type: "button", class: "button" }, t("upkeep.no"));
    const dialog = make("dialog", { class: "confirm", "aria-labelledby": "confirm-title", "aria-describedby": "confirm-text" },
      make("h2", { id: "confirm-title" }, title), make("p", { id: "confirm-text" }, text),
      make("div", { class: "button-row" }, no, yes));
    yes.addEventListener("click", () => dialog.close("yes"));
    no.addEventListener("click", () => dialog.close("no"));
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    document.body.append(dialog);
    dialog.showModal();
    no.focus();
  });
}
