/**
 * The one thread of a conversation, spoken and typed: a list of lines and what each happening makes of it.
 * Never touches the page: every function takes the lines and gives new ones.
 */

import type { Caption, Who } from "./protocol.ts";

export type Delivery = "waiting" | "sent" | "failed";

/** A photo that the visitor sent. */
export interface Photo {
  /** Where its preview lies; empty after the page was loaded anew. */
  preview: string;
  name: string;
  /** What the server read on it: bar codes, QR codes. */
  codes: readonly string[];
}

/** Something the page itself has to say between the lines of two speakers. */
export type NoteKey = "noteReconnected" | "noteFresh" | "noteVoice" | "noteTextOnly" | "noteVoiceLost";

export type Line =
  | { id: number; kind: "speech"; who: Who; text: string; final: boolean; cut: boolean; turn?: number; language?: string }
  | { id: number; kind: "typed"; text: string; delivery: Delivery; echoed?: boolean }
  | { id: number; kind: "photo"; photo: Photo; delivery: Delivery }
  | { id: number; kind: "note"; note: NoteKey };

export type Thread = readonly Line[];

/** Without its number. */
type Fresh = Line extends infer L ? (L extends Line ? Omit<L, "id"> : never) : never;

/** The thread with one line more. */
export function add(thread: Thread, line: Fresh): Thread {
  return [...thread, { ...line, id: nextId(thread) } as Line];
}

/** The number that `add` gives next. */
export function nextId(thread: Thread): number {
  return (thread.at(-1)?.id ?? 0) + 1;
}

/**
 * A caption takes the place of its speaker's open partial, else it is a new line.
 * The server's echo of a typed line is that line, delivered.
 */
export function caption(thread: Thread, said: Caption): Thread {
  const echo = echoed(thread, said);
  if (echo >= 0) return replace(thread, echo, (line) => (line.kind === "typed" ? { ...line, echoed: true, delivery: "sent" } : line));
  const open = thread.findLastIndex((line) => line.kind === "speech" && line.who === said.who && !line.final);
  if (said.text.trim() === "") return open >= 0 && said.final ? thread.filter((_, at) => at !== open) : thread;
  const { who, text, final } = said;
  const spoken = {
    kind: "speech" as const,
    who,
    text,
    final,
    cut: false,
    ...(said.turn === undefined ? {} : { turn: said.turn }),
    ...(said.language === undefined ? {} : { language: said.language }),
  };
  if (open < 0) return add(thread, spoken);
  return replace(thread, open, (line) => ({ ...spoken, id: line.id, cut: line.kind === "speech" && line.cut }));
}

/** Does the server only repeat what was typed, and not yet answered? */
export function isEcho(thread: Thread, said: Caption): boolean {
  return echoed(thread, said) >= 0;
}

/** Everything that waited was sent. */
export function delivered(thread: Thread): Thread {
  return thread.map((line) => (line.kind === "typed" && line.delivery === "waiting" ? { ...line, delivery: "sent" } : line));
}

/** The visitor broke in: what the bot was saying ends here. */
export function bargeIn(thread: Thread): Thread {
  const last = thread.findLastIndex((line) => line.kind === "speech" && line.who === "bot");
  const line = thread[last];
  if (line?.kind !== "speech" || line.cut) return thread;
  const answered = thread.slice(last + 1).some((after) => after.kind === "typed" || (after.kind === "speech" && after.final));
  return answered ? thread : replace(thread, last, (bot) => (bot.kind === "speech" ? { ...bot, cut: true } : bot));
}

/** What became of a line that the visitor sent. */
export function deliver(thread: Thread, id: number, delivery: Delivery, codes: readonly string[] = []): Thread {
  const at = thread.findIndex((line) => line.id === id);
  return replace(thread, at, (line) => {
    if (line.kind === "typed") return { ...line, delivery };
    return line.kind === "photo" ? { ...line, delivery, photo: { ...line.photo, codes } } : line;
  });
}

/** Nothing is said any more: open partials stand as they are, and what could not be sent says so. */
export function close(thread: Thread): Thread {
  return thread.map((line) => {
    if (line.kind === "speech") return line.final ? line : { ...line, final: true };
    return line.kind !== "note" && line.delivery === "waiting" ? { ...line, delivery: "failed" as const } : line;
  });
}

/** Does this line go on with what the one before it said? */
export function continues(before: Line | undefined, line: Line): boolean {
  return before !== undefined && speaker(before) !== "page" && speaker(before) === speaker(line);
}

export function speaker(line: Line): Who | "page" {
  switch (line.kind) {
    case "speech":
      return line.who;
    case "typed":
    case "photo":
      return "caller";
    case "note":
      return "page";
  }
}

function echoed(thread: Thread, said: Caption): number {
  if (said.who !== "caller") return -1;
  const answer = thread.findLastIndex((line) => line.kind === "speech" && line.who === "bot");
  return thread.findIndex((line, at) => at > answer && line.kind === "typed" && !line.echoed && line.text === said.text.trim());
}

function replace(thread: Thread, at: number, change: (line: Line) => Line): Thread {
  return thread.map((line, index) => (index === at ? change(line) : line));
}
