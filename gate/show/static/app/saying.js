// One sentence, large: what the story tells, what has just been done, or what to try.

import { setAttribute, setText } from "/static/app/element.js";
import { knows, say } from "./words.js";

const byId = (id) => document.getElementById(id);

/** `state`: the recorder's, null while it does not answer. minute(ms): an instant in words. */
export function drawSaying(board, state, minute) {
  const [tone, text] = saying(board, state, minute);
  setAttribute(byId("says"), "data-tone", tone);
  setText(byId("says-text"), text);
  setText(byId("says-more"), more(board));
}

function saying(board, state, minute) {
  if (!board) return ["warn", say("says.board_away")];
  const { doing, story, told } = board;
  if (doing?.what === "visitor") return ["calm", story.chapter ? say(`story.${story.chapter}`) : say("doing.visitor")];
  if (story.chapter) return ["story", say(`story.${story.chapter}`)];
  if (doing?.what === "clock") return ["calm", say("doing.clock", { day: doing.now ? minute(Date.parse(doing.now)) : "" })];
  if (doing) return ["calm", say(`doing.${doing.what}`)];
  if (!state) return ["warn", say("says.recorder_away")];
  if (told) {
    const key = knows(`told.${told.kind}`) ? `told.${told.kind}` : "told.refused";
    const done = ["assigned", "pulled", "put_back", "visitor"].includes(told.kind);
    return [done ? "good" : "warn", say(key, { count: told.count, seconds: told.seconds.toFixed(1), text: told.text })];
  }
  return ["calm", say("says.try")];
}

function more(board) {
  const story = board?.story;
  if (!story?.on) return "";
  return story.rests_seconds === null ? say("story.touch") : say("story.rests", { seconds: story.rests_seconds });
}
