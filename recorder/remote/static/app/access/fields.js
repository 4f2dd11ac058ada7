// Parts of forms: a field with its label, a line for what went wrong, a menu of choices.

import { make } from "../element.js";
import { t } from "../i18n.js";

/** A labelled input; `input` and `element` of what it gives. */
export function field(name, label, attributes = {}) {
  const input = make("input", { id: `field-${name}`, name, required: true, ...attributes });
  return { input, element: make("div", { class: "field" }, make("label", { for: input.id }, label), input) };
}

/** A labelled choice. `options`: pairs of value and text. */
export function choice(name, label, options, chosen) {
  const input = make("select", { id: `field-${name}`, name },
    ...options.map(([value, text]) => make("option", { value, selected: value === chosen }, text)));
  return { input, element: make("div", { class: "field" }, make("label", { for: input.id }, label), input) };
}

/** Where a form says what is wrong. */
export const failure = () => make("p", { class: "access-failure", role: "alert", hidden: true });

/** Shows a problem in it: what is wrong and what to do, and how long to wait. */
export function tell(place, problem) {
  const wait = problem.retryAfter ? t("access.wait", { seconds: problem.retryAfter }) : "";
  const lines = problem.code === "unreachable" ? [t("access.unreachable")] : [problem.title ?? problem.code, problem.remedy];
  place.replaceChildren(...[...lines, wait].filter(Boolean).map((line, at) => make(at ? "span" : "strong", {}, line)));
  place.hidden = false;
}
