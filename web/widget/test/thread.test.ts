import { describe, expect, it } from "vitest";
import { add, bargeIn, caption, close, continues, deliver, delivered, isEcho, type Thread } from "../src/thread.ts";

const bot = (text: string, final: boolean, turn = 1) => ({ who: "bot" as const, text, final, turn });
const caller = (text: string, final: boolean) => ({ who: "caller" as const, text, final });
const texts = (thread: Thread) => thread.map((line) => ("text" in line ? line.text : line.kind));

describe("captions", () => {
  it("a partial gives way to its final, in one line", () => {
    let thread = caption([], caller("where", false));
    thread = caption(thread, caller("where is my order", true));
    expect(thread).toMatchObject([{ text: "where is my order", final: true }]);
  });

  it("two sentences of one turn are two lines of one speaker", () => {
    const thread = [bot("Hello.", true), bot("How can I", false), bot("How can I help?", true)].reduce(caption, [] as Thread);
    expect(texts(thread)).toEqual(["Hello.", "How can I help?"]);
    expect(continues(thread[0], thread[1]!)).toBe(true);
  });

  it("both may speak at once: each has an open line of its own", () => {
    const thread = [bot("Your order", false), caller("wait", false), bot("Your order is", false), caller("wait please", true)].reduce(caption, [] as Thread);
    expect(texts(thread)).toEqual(["Your order is", "wait please"]);
  });

  it("a partial that turns out to be nothing goes away", () => {
    const thread = caption(caption([], caller("hm", false)), caller("", true));
    expect(thread).toEqual([]);
  });

  it("a line keeps its number while it grows, so that it is drawn in place", () => {
    const first = caption([], caller("a", false));
    expect(caption(first, caller("a b", true))[0]!.id).toBe(first[0]!.id);
  });
});

describe("what was typed", () => {
  it("is not shown twice when the server repeats it", () => {
    const typed = add([], { kind: "typed", text: "4271", delivery: "sent" });
    expect(isEcho(typed, caller("4271", true))).toBe(true);
    expect(texts(caption(typed, caller("4271", true)))).toEqual(["4271"]);
  });

  it("may be said again by voice later", () => {
    let thread = add([], { kind: "typed", text: "yes", delivery: "sent" });
    thread = caption(thread, bot("Anything else?", true));
    expect(texts(caption(thread, caller("yes", true)))).toEqual(["yes", "Anything else?", "yes"]);
  });

  it("waits, is delivered, or says that it was not", () => {
    const waiting = add([], { kind: "typed", text: "hello", delivery: "waiting" });
    expect(delivered(waiting)).toMatchObject([{ delivery: "sent" }]);
    expect(close(waiting)).toMatchObject([{ delivery: "failed" }]);
  });
});

describe("barge-in", () => {
  it("marks the sentence that was cut, and its final keeps the mark", () => {
    let thread = bargeIn(caption([], bot("You can return any", false)));
    thread = caption(thread, bot("You can return", true));
    expect(thread).toMatchObject([{ text: "You can return", cut: true, final: true }]);
  });

  it("leaves an answer alone that the caller has already answered", () => {
    const thread = caption(caption([], bot("Anything else?", true)), caller("no", true));
    expect(bargeIn(thread)).toEqual(thread);
  });
});

it("a photo is told what the server read on it", () => {
  const photo = { preview: "blob:1", name: "receipt.jpg", codes: [] };
  const thread = add([], { kind: "photo", photo, delivery: "waiting" });
  expect(deliver(thread, thread[0]!.id, "sent", ["690123"])).toMatchObject([{ delivery: "sent", photo: { codes: ["690123"] } }]);
});
