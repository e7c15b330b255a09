// A server that answers as `hotline serve` does at /v1/widget, with a bot that follows a script: the widget's tests need no build.
// Never transcribes or synthesises: speech is a sound that begins and ends, and the answer's sound comes from `answerer.html`.

import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { WebSocketServer } from "ws";

const here = new URL(".", import.meta.url);
const DISCLOSURE = {
  en: { ai: "You talk with an automated assistant of Lantern Shop, not with a person.", recording: "The conversation is recorded and kept for 30 days, so that we can improve it." },
  zh: { ai: "与您对话的是灯笼商店的自动语音助理，不是真人。", recording: "对话会被录音并保存30天，用于改进服务。" },
};
const GREETING = {
  en: ["You are talking to an automated assistant of Lantern Shop.", "I can find your order or arrange a return. How can I help you?"],
  zh: ["我是灯笼商店的自动助理。", "我可以帮您查订单或者办理退货。请问有什么可以帮您？"],
};
const SPOKEN = ["where is", "where is my order", "where is my order four two seven one"];
const ORDER = ["Order 4271, a desk lamp, is on its way with Swift Post.", "It should arrive in 2 days. Is there anything else?"];
const ORDER_ZH = ["订单4271，一盏台灯，正由捷达快递运送。", "预计两天后送达。还有什么可以帮您？"];
const HOURS = ["We are open Monday to Saturday from 9 in the morning to 8 in the evening.", "This line answers day and night."];

/** Starts on a free port; `step` is the pace of the script in milliseconds. */
export async function scripted({ step = 40 } = {}) {
  const conversations = new Map();
  const state = { step, tokens: 0, photos: true, answerer: undefined, calls: new Map(), conversations, log: [] };
  const server = createServer((request, response) => {
    handle(state, request, response).catch((error) => reply(response, 500, { error: String(error), fix: "look at the test" }));
  });
  const sockets = new WebSocketServer({ noServer: true });
  server.on("upgrade", (request, socket, head) => {
    const url = new URL(request.url, "http://localhost");
    const conversation = conversations.get(url.searchParams.get("token"));
    if (url.pathname === "/answerer") sockets.handleUpgrade(request, socket, head, (ws) => meetAnswerer(state, ws));
    else if (url.pathname !== "/v1/widget/talk" || !conversation) socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
    else sockets.handleUpgrade(request, socket, head, (ws) => meet(state, conversation, ws, url.searchParams.has("voice")));
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    state,
    close() {
      for (const ws of sockets.clients) ws.terminate();
      server.closeAllConnections();
      server.close();
    },
  };
}

async function handle(state, request, response) {
  const { pathname } = new URL(request.url, "http://localhost");
  state.log.push(`${request.method} ${pathname}`);
  if (pathname === "/talk") return file(response, "../widget/dist/demo.html", "text/html; charset=utf-8");
  if (pathname === "/widget/hotline-widget.js") return file(response, "../widget/dist/hotline-widget.js", "text/javascript; charset=utf-8");
  if (pathname === "/answerer.html") return file(response, "answerer.html", "text/html; charset=utf-8");
  if (pathname === "/v1/widget/sessions") return openSession(state, response);
  const token = request.headers.authorization?.replace("Bearer ", "") ?? new URL(request.url, "http://localhost").searchParams.get("token");
  const conversation = state.conversations.get(token);
  if (!conversation) return reply(response, 401, { error: "this token is not taken", fix: "POST /v1/widget/sessions gives one" });
  if (pathname === "/v1/widget/talk") return reply(response, 426, { error: "a WebSocket is expected", fix: "ask with Upgrade: websocket" });
  if (pathname === "/v1/widget/images") return takePhoto(state, request, response);
  return handleCall(state, conversation, request, response, pathname);
}

function openSession(state, response) {
  state.tokens += 1;
  const token = `token-${state.tokens}`;
  state.conversations.set(token, { id: `c-${state.tokens}`, said: [], digits: "", language: "en", greeted: false, timers: new Set() });
  const ice_servers = [];
  reply(response, 200, { token, expires_s: 900, ice_servers, languages: ["en", "zh"], disclosure: DISCLOSURE, max_upload_bytes: 5_000_000 });
}

async function takePhoto(state, request, response) {
  const body = await read(request);
  if (!state.photos) return reply(response, 404, { error: "no such page", fix: "there are no photos here" });
  if (!body.includes('name="file"')) return reply(response, 400, { error: "no part named file", fix: "send one" });
  return reply(response, 200, { id: "p-1", codes: ["6901234567892"] });
}

/** WHIP (RFC 9725): the offer is answered by the page that plays the bot. */
async function handleCall(state, conversation, request, response, pathname) {
  const id = pathname.split("/").pop();
  const body = await read(request);
  if (request.method === "POST" && pathname === "/v1/widget/calls") {
    const call = String(state.calls.size + 1);
    state.calls.set(call, conversation);
    conversation.call = call;
    const answer = await askAnswerer(state, { do: "answer", call, sdp: body });
    response.writeHead(201, { "Content-Type": "application/sdp", Location: `/v1/widget/calls/${call}`, ETag: `"ice-1"` });
    return response.end(answer.sdp);
  }
  if (!state.calls.has(id)) return reply(response, 404, { error: "no such call", fix: "POST /v1/widget/calls" });
  if (request.method === "DELETE") {
    await askAnswerer(state, { do: "hangup", call: id });
    return response.writeHead(200).end();
  }
  if (request.headers["if-match"] !== "*") {
    await askAnswerer(state, { do: "candidates", call: id, fragment: body });
    return response.writeHead(204).end();
  }
  const { fragment } = await askAnswerer(state, { do: "restart", call: id, fragment: body });
  response.writeHead(200, { "Content-Type": "application/trickle-ice-sdpfrag", ETag: `"ice-2"` });
  return response.end(fragment);
}

function meetAnswerer(state, ws) {
  state.answerer = { ws, asked: new Map(), next: 0 };
  ws.on("message", (frame) => {
    const message = JSON.parse(frame);
    state.answerer.asked.get(message.re)?.(message);
    if (message.heard === "speech-ended") hear(state, state.calls.get(message.call));
  });
}

function askAnswerer(state, message) {
  const { ws, asked } = state.answerer;
  const re = (state.answerer.next += 1);
  return new Promise((done) => {
    asked.set(re, done);
    ws.send(JSON.stringify({ ...message, re }));
  });
}

/** A page opened its WebSocket, for the first time or again. */
function meet(state, conversation, ws, isVoice) {
  conversation.ws = ws;
  const send = (message) => conversation.ws.send(JSON.stringify(message));
  send({ type: "ready", conversation: conversation.id });
  if (!conversation.greeted) say(state, conversation, GREETING[conversation.language], isVoice ? 12 : 0);
  conversation.greeted = true;
  ws.on("message", (frame) => receive(state, conversation, JSON.parse(frame)));
}

function receive(state, conversation, message) {
  const send = (answer) => conversation.ws.send(JSON.stringify(answer));
  conversation.said.push(message);
  switch (message.type) {
    case "text":
      send({ type: "caption", who: "caller", text: message.text, final: true });
      return answer(state, conversation, message.text);
    case "digit":
      conversation.digits += message.digit;
      return conversation.digits.endsWith("#") ? say(state, conversation, ["Thank you, I have it."]) : undefined;
    case "interrupt":
      hush(state, conversation);
      send({ type: "barge_in" });
      return send({ type: "state", state: "listening" });
    case "language":
      conversation.language = message.language === "auto" ? "en" : message.language;
      return undefined;
    case "hangup":
      return hush(state, conversation);
    default:
      return undefined;
  }
}

/** The answerer heard a sound begin and end: it is the caller's one sentence. */
function hear(state, conversation) {
  if (!conversation || conversation.heard) return;
  conversation.heard = true;
  const words = SPOKEN.flatMap((text, at) => [{ type: "caption", who: "caller", turn: 1, text, final: at === SPOKEN.length - 1, language: "en" }, 8]);
  play(state, conversation, words, () => answer(state, conversation, "order 4271"));
}

function answer(state, conversation, text) {
  hush(state, conversation);
  const zh = conversation.language === "zh";
  if (/bye|再见/.test(text)) {
    play(state, conversation, [{ type: "caption", who: "bot", text: zh ? "再见。" : "Goodbye.", final: true }, 6, { type: "ended", cause: "bot" }]);
  } else if (/hours/.test(text)) say(state, conversation, HOURS, 2);
  else {
    const tool = { type: "tool", name: "order_status", ok: true };
    play(state, conversation, [{ type: "state", state: "thinking" }, 8, tool], () => say(state, conversation, zh ? ORDER_ZH : ORDER));
  }
}

/** Sentences as captions that grow word by word, with the bot's sound under them. */
function say(state, conversation, sentences, pauseSteps = 0) {
  const { language } = conversation;
  const steps = [pauseSteps, { type: "state", state: "speaking" }];
  for (const sentence of sentences) {
    const words = language === "zh" ? [...sentence] : sentence.split(/(?<= )/);
    for (let count = 1; count <= words.length; count += 1) {
      steps.push({ type: "caption", who: "bot", turn: 1, text: words.slice(0, count).join(""), final: count === words.length, language });
    }
  }
  sound(state, conversation, true);
  play(state, conversation, [...steps, 6, { type: "state", state: "listening" }], () => sound(state, conversation, false));
}

function sound(state, conversation, isOn) {
  if (conversation.call && state.answerer) state.answerer.ws.send(JSON.stringify({ do: "sound", call: conversation.call, isOn }));
}

/** Sends one message a step; a number is a pause of so many. */
function play(state, conversation, steps, then) {
  const [step, ...rest] = steps;
  const run = () => {
    conversation.timers.clear();
    if (step === undefined) return then?.();
    if (typeof step !== "number") conversation.ws.send(JSON.stringify(step));
    return play(state, conversation, rest, then);
  };
  conversation.timers.add(setTimeout(run, state.step * (typeof step === "number" ? step : 1)));
}

function hush(state, conversation) {
  for (const timer of conversation.timers) clearTimeout(timer);
  conversation.timers.clear();
  sound(state, conversation, false);
}

async function read(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString("latin1");
}

function reply(response, status, body) {
  response.writeHead(status, { "Content-Type": "application/json" }).end(JSON.stringify(body));
}

function file(response, path, type) {
  response.writeHead(200, { "Content-Type": type, "Cache-Control": "no-store" }).end(readFileSync(new URL(path, here)));
}
