import { afterEach, beforeEach, expect, it, vi } from "vitest";
import type { Model } from "../src/model.ts";
import { Talk } from "../src/talk.ts";

class FakeSocket {
  static last: FakeSocket | undefined;
  static readonly OPEN = 1;
  readyState = 1;
  sent: unknown[] = [];
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: (event: { code: number }) => void;

  constructor(readonly url: string) {
    FakeSocket.last = this;
  }

  send(frame: string): void {
    this.sent.push(JSON.parse(frame));
  }

  close(): void {
    this.readyState = 3;
  }

  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

const SESSION = { token: "t-1", expires_s: 600, ice_servers: [], languages: ["en", "zh"], disclosure: { en: { ai: "A bot.", recording: "" } }, max_upload_bytes: 1_000_000 };
let model: Model;
let told: [string, unknown][];
let answers: Record<string, () => Response>;

const talk = () => new Talk({ server: "http://line.test", language: "en", show: (next) => (model = next), tell: (name, detail) => told.push([name, detail]) });
const socket = () => FakeSocket.last!;

/** Past the disclosure, by text. */
async function chatting(): Promise<Talk> {
  const one = talk();
  await one.begin();
  one.agreeText();
  socket().say({ type: "ready", conversation: "c-1" });
  return one;
}

beforeEach(() => {
  told = [];
  sessionStorage.clear();
  FakeSocket.last = undefined;
  answers = { "/v1/widget/sessions": () => Response.json(SESSION) };
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("fetch", async (url: string) => answers[new URL(url).pathname]?.() ?? Response.json({ error: "no such page" }, { status: 404 }));
});

afterEach(() => vi.unstubAllGlobals());

it("nothing but a token is asked for before the visitor agreed", async () => {
  await talk().begin();
  expect(model.stage).toBe("welcome");
  expect(FakeSocket.last).toBeUndefined();
});

it("a conversation by text: captions, events, the bot's end", async () => {
  const one = await chatting();
  expect(socket().url).toBe("ws://line.test/v1/widget/talk?token=t-1");
  one.sendText("  where is 4271 ");
  socket().say({ type: "tool", name: "order_status", ok: true });
  socket().say({ type: "caption", who: "bot", text: "On its way.", final: true });
  socket().say({ type: "ended", cause: "bot" });
  expect(socket().sent).toEqual([{ type: "text", text: "where is 4271" }]);
  expect(told.map(([name]) => name)).toEqual(["call-started", "transcript", "tool", "transcript", "ended"]);
  expect(model.stage).toBe("ended");
  expect(sessionStorage.length).toBe(0);
});

it("a microphone that is refused leaves a conversation by text, and says what to do", async () => {
  const refused = new DOMException("no", "NotAllowedError");
  vi.stubGlobal("navigator", { ...navigator, languages: ["en"], mediaDevices: { getUserMedia: () => Promise.reject(refused) } });
  const one = talk();
  await one.begin();
  await one.agreeVoice();
  expect(model.stage).toBe("primer");
  await one.allow();
  socket().say({ type: "ready", conversation: "c-1" });
  expect(model).toMatchObject({ stage: "talk", voice: "off", link: "open", alert: { key: "refusedMicrophone" } });
});

it("a page loaded anew goes on with token and thread", async () => {
  const before = await chatting();
  before.sendText("hello");
  before.leave();
  const after = talk();
  await after.begin();
  socket().say({ type: "ready", conversation: "c-1" });
  expect(socket().url).toContain("token=t-1");
  expect(model.thread).toMatchObject([{ kind: "typed", text: "hello" }]);
});

it("when the server has forgotten the conversation, a new one says so", async () => {
  await chatting();
  socket().say({ type: "ready", conversation: "c-2" });
  expect(model.thread).toMatchObject([{ kind: "note", note: "noteFresh" }]);
});

it("hanging up tells the server and the page, once", async () => {
  const one = await chatting();
  const line = socket();
  one.hangUp();
  one.hangUp();
  line.say({ type: "ended", cause: "caller" });
  expect(line.sent).toEqual([{ type: "hangup" }]);
  expect(told.filter(([name]) => name === "ended")).toEqual([["ended", { cause: "caller" }]]);
});

it("only a telephone's keys are digits", async () => {
  const one = await chatting();
  for (const digit of ["1", "#", "a", "12", ""]) one.sendDigit(digit);
  expect(socket().sent).toEqual([{ type: "digit", digit: "1" }, { type: "digit", digit: "#" }]);
});

it("a server without photos has no button for them after the first try", async () => {
  const one = await chatting();
  expect(model.photos).toBe(true);
  await one.sendPhoto(new File(["x"], "a.png", { type: "image/png" }));
  expect(model).toMatchObject({ photos: false, alert: { key: "photoNone" } });
});

it.each([[403, "forbidden"], [429, "tooMany"], [503, "busy"], [500, "failed"]])("a refusal %i is told as a sentence", async (status, key) => {
  answers["/v1/widget/sessions"] = () => Response.json({ error: { code: "x", message: "internal words" } }, { status });
  await talk().begin();
  expect(model).toMatchObject({ stage: "failed", alert: { key } });
});

it("after it ended, a new conversation asks for consent again", async () => {
  const one = await chatting();
  one.hangUp();
  await one.begin();
  expect(model).toMatchObject({ stage: "welcome", thread: [] });
});
