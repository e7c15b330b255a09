/**
 * Everything that the view shows, as one value.
 * Never changes by itself: `Talk` makes each new one.
 */

import type { Session } from "./api.ts";
import type { BotState, LanguageChoice } from "./protocol.ts";
import type { StringKey } from "./strings.ts";
import type { Thread } from "./thread.ts";

/** Where the visitor is: nothing is sent before `talk`, and the microphone stays shut before it. */
export type Stage = "loading" | "failed" | "welcome" | "primer" | "talk" | "ended";

export type LinkState = "off" | "connecting" | "open" | "lost";

export type VoiceState = "off" | "asking" | "connecting" | "on" | "interrupted";

export interface Model {
  stage: Stage;
  language: LanguageChoice;
  session: Session | undefined;
  link: LinkState;
  voice: VoiceState;
  muted: boolean;
  bot: BotState;
  thread: Thread;
  /** What went wrong and what the visitor can do: a sentence of ours, or one of the server's. */
  alert: { key: StringKey } | { text: string } | undefined;
  /** Does the server take photos? */
  photos: boolean;
  /** How many digits were pressed; never which. */
  digits: number;
}

export const EMPTY: Model = {
  stage: "loading",
  language: "auto",
  session: undefined,
  link: "off",
  voice: "off",
  muted: false,
  bot: "listening",
  thread: [],
  alert: undefined,
  photos: false,
  digits: 0,
};

/** The one word over the conversation. */
export function status(model: Model): StringKey {
  if (model.stage === "ended") return "ended";
  if (model.stage !== "talk") return "title";
  if (model.voice === "asking") return "asking";
  if (model.link === "lost" || model.voice === "interrupted") return "reconnecting";
  if (model.link !== "open" || model.voice === "connecting") return "connecting";
  if (model.bot !== "listening") return model.bot;
  if (model.voice === "off") return "chatting";
  return model.muted ? "muted" : "listening";
}
