/**
 * What page and server say to each other over the WebSocket, and the check of what arrives.
 * Never trusts a message: what is not of a known form is dropped.
 */

export type Who = "caller" | "bot";
export type Language = "en" | "zh";
/** A language, or "the bot finds out". */
export type LanguageChoice = Language | "auto";
export type BotState = "listening" | "thinking" | "speaking";

export interface Caption {
  who: Who;
  text: string;
  /** Said for good; a partial may still change. */
  final: boolean;
  turn?: number;
  language?: string;
}

export type ServerMessage =
  | { type: "ready"; conversation: string }
  | { type: "state"; state: BotState }
  | ({ type: "caption" } & Caption)
  | { type: "barge_in" }
  | { type: "tool"; name: string; ok: boolean }
  | { type: "ended"; cause: string }
  | { type: "error"; code: string; message: string };

export type PageMessage =
  | { type: "text"; text: string }
  | { type: "digit"; digit: string }
  | { type: "interrupt" }
  | { type: "language"; language: LanguageChoice }
  | { type: "hangup" };

export const DIGITS = ["1", "2", "3", "4", "5", "6", "7", "8", "9", "*", "0", "#"] as const;

export function isLanguageChoice(value: unknown): value is LanguageChoice {
  return value === "en" || value === "zh" || value === "auto";
}

/** The message in a WebSocket frame; nothing when it is of no known form. */
export function parseMessage(frame: unknown): ServerMessage | undefined {
  if (typeof frame !== "string") return undefined;
  let fields: unknown;
  try {
    fields = JSON.parse(frame);
  } catch {
    return undefined;
  }
  return isRecord(fields) ? known(fields) : undefined;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function text(value: unknown): string {
  return typeof value === "string" ? value : typeof value === "number" ? String(value) : "";
}

function known(fields: Record<string, unknown>): ServerMessage | undefined {
  switch (fields["type"]) {
    case "ready":
      return { type: "ready", conversation: text(fields["conversation"]) };
    case "state":
      return state(fields);
    case "caption":
      return caption(fields);
    case "barge_in":
      return { type: "barge_in" };
    case "tool":
      return { type: "tool", name: text(fields["name"]), ok: fields["ok"] === true };
    case "ended":
      return { type: "ended", cause: text(fields["cause"]) };
    case "error":
      return { type: "error", code: text(fields["code"]), message: text(fields["message"]) };
    default:
      return undefined;
  }
}

/** The state "ended" says the same as the message `ended`. */
function state(fields: Record<string, unknown>): ServerMessage | undefined {
  switch (fields["state"]) {
    case "listening":
    case "thinking":
    case "speaking":
      return { type: "state", state: fields["state"] };
    case "ended":
      return { type: "ended", cause: text(fields["cause"]) };
    default:
      return undefined;
  }
}

function caption(fields: Record<string, unknown>): ServerMessage | undefined {
  const who = fields["who"];
  if ((who !== "caller" && who !== "bot") || typeof fields["text"] !== "string") return undefined;
  return {
    type: "caption",
    who,
    text: fields["text"],
    final: fields["final"] === true,
    ...(typeof fields["turn"] === "number" ? { turn: fields["turn"] } : {}),
    ...(typeof fields["language"] === "string" ? { language: fields["language"] } : {}),
  };
}
