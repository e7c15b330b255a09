// The widget in a real browser on a real line: consent first, voice, text, keypad, photos, reconnection, strangers, looks, accessibility.
// What is said follows packs/shop: an order is told of only to who knows its number and its postcode.

import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { photoOf } from "./code39.mjs";
import { call, chat, connected, listening, openLine, seen, visit, write } from "./line.mjs";
import { draw, looksAsBefore } from "./pictures.mjs";

let line;

before(async () => {
  line = await openLine();
});
after(() => line?.close());

const bot = (page, words) => page.locator("li.bot:not(.partial)", { hasText: words }).first().waitFor();

/** The whole request, as the shop's pack leads it. */
async function findOrder(page) {
  await write(page, "where is order 4271");
  await bot(page, "postcode");
  await write(page, "90210");
  await bot(page, "a desk lamp");
}

/** A page of its own for each test; closed also where the test fails. */
async function withPage(options, check) {
  const page = await visit(line, options);
  try {
    await check(page);
  } finally {
    await page.context().close();
  }
}

/** The widget alone, without the page around it. */
const looks = (page, name) => looksAsBefore(page, `widget-${name}`, { part: page.locator("section.panel") });

/** No serious or critical finding. */
async function isAccessible(page, where) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => window.axe.run("hotline-talk"));
  const grave = violations.filter(({ impact }) => impact === "serious" || impact === "critical");
  assert.deepEqual(grave.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`), [], where);
}

test("consent is asked before the microphone, the WebSocket or a call", () =>
  withPage({ microphone: "prompt" }, async (page) => {
    await page.locator("[data-stage=welcome]").waitFor();
    await page.locator("[data-do=voice]").click();
    await page.locator("[data-stage=primer]").waitFor();
    assert.deepEqual(await seen(page), { microphone: 0, sockets: 0, peers: 0, events: [] });
  }));

test("by voice: what the browser's microphone says is transcribed and answered, both sides are captioned", () =>
  withPage({ microphone: "prompt", speaker: "device" }, async (page) => {
    await call(page);
    await bot(page, "automated assistant");
    await page.locator("li.caller:not(.partial)", { hasText: "opening hours" }).waitFor({ timeout: 40_000 });
    await bot(page, /open|hours/);
    const { events, microphone } = await seen(page);
    assert.equal(microphone, 1);
    assert.ok(events.every(({ composed }) => composed));
    for (const name of ["call-started", "transcript"]) assert.ok(events.some((event) => event.name === name), name);
    assert.equal(events.find(({ name }) => name === "call-started").detail.voice, true);
  }));

test("the microphone's meter moves with the caller", () =>
  withPage({}, async (page) => {
    await call(page);
    await page.evaluate((bytes) => window.mic.say(bytes), line.say("hello").toString("base64"));
    await page.waitForFunction(() => Number(document.querySelector("hotline-talk").shadowRoot.querySelector("[role=meter]").ariaValueNow ?? 0) > 20);
  }));

test("a button silences the bot at once", () =>
  withPage({}, async (page) => {
    await call(page);
    await listening(page);
    await write(page, "what can you do");
    await page.locator("[data-status=speaking]").waitFor();
    await page.waitForFunction(() => window.heard.quietFor() < 0.1);
    await page.locator("[data-do=interrupt]").click();
    await page.locator(".cut").waitFor();
    await page.waitForFunction(() => window.heard.quietFor() > 0.3, undefined, { timeout: 1_500 });
    await page.locator("[data-status=listening]").waitFor({ timeout: 1_500 });
  }));

test("ICE is restarted on the same call", () =>
  withPage({}, async (page) => {
    const calls = [];
    page.on("request", (request) => request.method() === "POST" && request.url().endsWith("/v1/widget/calls") && calls.push(request));
    await call(page);
    const ufrag = await page.evaluate(() => {
      const peer = window.seen.peers[0];
      const was = peer.remoteDescription.sdp.match(/ice-ufrag:(.+)/)[1];
      Object.defineProperty(peer, "connectionState", { get: () => "failed", configurable: true });
      peer.dispatchEvent(new Event("connectionstatechange"));
      delete peer.connectionState;
      return was;
    });
    await page.waitForFunction((was) => window.seen.peers[0].remoteDescription.sdp.match(/ice-ufrag:(.+)/)[1] !== was, ufrag);
    await connected(page);
    const now = await page.evaluate(() => window.heard.now());
    await page.waitForFunction((at) => window.heard.firstAfter(at + 0.5), now);
    assert.equal(calls.length, 1);
  }));

test("a refused microphone leaves a conversation by text", () =>
  withPage({ microphone: "denied" }, async (page) => {
    await page.locator("[data-do=voice]").click();
    await page.getByRole("alert").filter({ hasText: /blocked/ }).waitFor();
    await page.locator("[data-status=chatting]").waitFor();
    await findOrder(page);
    const { peers, events } = await seen(page);
    assert.equal(peers, 0);
    assert.ok(events.some(({ name, detail }) => name === "transcript" && detail.who === "bot"));
  }));

test("digits go by keypad and keyboard, and are not shown", () =>
  withPage({}, async (page) => {
    await call(page);
    await listening(page);
    await write(page, "where is my order");
    await bot(page, "order number");
    await page.locator("[data-do=keypad]").click();
    await page.locator("[data-digit='4']").click();
    for (const key of ["2", "7", "1", "#"]) await page.keyboard.press(key);
    await page.getByLabel("Digits sent: 5").waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".keypad").waitFor({ state: "hidden" });
    await bot(page, "postcode");
    assert.equal(await page.locator("li.caller", { hasText: "4271" }).count(), 0);
  }));

test("keys that the browser sends in the sound itself (RFC 4733) reach the call", () =>
  withPage({}, async (page) => {
    await call(page);
    await listening(page);
    await write(page, "where is my order");
    await bot(page, "order number");
    await page.evaluate(() => window.seen.peers[0].getSenders()[0].dtmf.insertDTMF("4271#", 100, 70));
    await bot(page, "postcode");
  }));

test("what was written is known in the call, and what was said is known in writing, also on a page loaded anew", () =>
  withPage({}, async (page) => {
    await chat(page);
    await write(page, "where is order 4271");
    await bot(page, "postcode");
    await page.locator("[data-do=speak]").click();
    await connected(page);
    await page.locator("li.bot", { hasText: "postcode" }).nth(1).waitFor();
    await listening(page);
    await page.reload();
    await page.locator("[data-status=chatting]").waitFor();
    await page.locator("[data-do=speak]").click();
    await connected(page);
    await page.locator("li.bot", { hasText: "postcode" }).nth(2).waitFor();
    await listening(page);
    await write(page, "90210");
    await bot(page, "a desk lamp");
    assert.equal(await page.locator("[data-stage=ended]").count(), 0);
  }));

test("a lost connection comes back to the same conversation", () =>
  withPage({}, async (page) => {
    await chat(page);
    await write(page, "where is order 4271");
    await bot(page, "postcode");
    await page.evaluate(() => window.seen.sockets.at(-1).close(4000));
    await page.locator("li.note", { hasText: "Connected again" }).waitFor();
    await write(page, "90210");
    await bot(page, "a desk lamp");
  }));

test("a page loaded anew goes on with its thread and its request", () =>
  withPage({}, async (page) => {
    await chat(page);
    await write(page, "where is order 4271");
    await bot(page, "postcode");
    await page.reload();
    await page.locator("[data-status=chatting]").waitFor();
    await bot(page, "postcode");
    await write(page, "90210");
    await bot(page, "a desk lamp");
    assert.equal(await page.locator("li.note", { hasText: "lapsed" }).count(), 0);
  }));

test("a photographed order number answers the question, in writing", () =>
  withPage({}, async (page) => {
    await chat(page);
    await write(page, "where is my order");
    await bot(page, "order number");
    await page.locator("input[type=file]").setInputFiles({ name: "label.png", mimeType: "image/png", buffer: await photoOf(page, "4271") });
    await page.getByText("Read: 4271").waitFor();
    await bot(page, "postcode");
    await draw(page, "widget-photo");
    await write(page, "90210");
    await bot(page, "a desk lamp");
  }));

test("a photographed order number is said in the call", () =>
  withPage({}, async (page) => {
    await call(page);
    await listening(page);
    await page.locator("input[type=file]").setInputFiles({ name: "label.png", mimeType: "image/png", buffer: await photoOf(page, "4271") });
    await page.getByText("Read: 4271").waitFor();
    await bot(page, "postcode");
  }));

test("a photo without a code is answered politely, and what is no photo never leaves the page", () =>
  withPage({}, async (page) => {
    await chat(page);
    const input = page.locator("input[type=file]");
    await input.setInputFiles({ name: "blank.png", mimeType: "image/png", buffer: await photoOf(page, "") });
    await bot(page, "bar codes and QR codes");
    await input.setInputFiles({ name: "notes.txt", mimeType: "text/plain", buffer: Buffer.from("4271") });
    await page.getByRole("alert").filter({ hasText: "not a photo" }).waitFor();
  }));

test("in Chinese, chosen before or in the middle", () =>
  withPage({}, async (page) => {
    await page.locator("input[value=zh]").check({ force: true });
    await page.getByRole("button", { name: /打字/ }).click();
    await page.getByRole("textbox", { name: "消息" }).waitFor();
    await write(page, "查订单4271");
    await bot(page, "邮编");
    await page.getByRole("combobox").selectOption("en");
    await page.getByRole("textbox", { name: "Message" }).waitFor();
  }));

test("a page of an origin that is not on the list gets nothing", async () => {
  const html = `<!doctype html><html lang="en"><title>elsewhere</title><script src="${line.url}/widget/hotline-widget.js"></script><hotline-talk></hotline-talk>`;
  const elsewhere = createServer((_, response) => response.writeHead(200, { "Content-Type": "text/html" }).end(html));
  await new Promise((done) => elsewhere.listen(0, "127.0.0.1", done));
  try {
    await withPage({ at: `http://127.0.0.1:${elsewhere.address().port}/` }, async (page) => {
      await page.getByRole("button", { name: "Talk to us" }).click();
      await page.locator("[data-stage=failed]").waitFor();
      await page.getByRole("alert").waitFor();
      const { origin } = new URL(page.url());
      for (const path of ["sessions", "calls", "images", "talk?token=0"]) {
        const method = path.startsWith("talk") ? "GET" : "POST";
        assert.equal((await fetch(`${line.url}/v1/widget/${path}`, { method, headers: { Origin: origin } })).status, 403, path);
      }
      assert.deepEqual(await seen(page), { microphone: 0, sockets: 0, peers: 0, events: [] });
    });
  } finally {
    elsewhere.close();
  }
});

test("a token that is not good any more gets nothing, and the page says that it begins anew", () =>
  withPage({}, async (page) => {
    await chat(page);
    await write(page, "where is order 4271");
    await bot(page, "postcode");
    const [status, secret] = await page.evaluate(async () => {
      const key = Object.keys(sessionStorage).find((name) => name.startsWith("hotline-talk"));
      const kept = JSON.parse(sessionStorage.getItem(key));
      const token = kept.session.token.replaceAll(/./g, "0");
      window.addEventListener("pagehide", () => sessionStorage.setItem(key, JSON.stringify({ ...kept, session: { ...kept.session, token } })));
      const answer = await fetch("/v1/widget/calls", { method: "POST", headers: { Authorization: `Bearer ${token}`, "Content-Type": "application/sdp" }, body: "v=0" });
      return [answer.status, await answer.text()];
    });
    assert.equal(status, 401);
    assert.doesNotMatch(secret, /v=0/);
    await page.reload();
    await page.locator("li.note", { hasText: "lapsed" }).waitFor();
    await write(page, "90210");
    assert.equal(await page.locator("li.bot", { hasText: "desk lamp" }).count(), 0);
  }));

test("an altered certificate's fingerprint gets no call: no sound in either direction", () =>
  withPage({}, async (page) => {
    await page.route("**/v1/widget/calls", async (route) => {
      const postData = route.request().postData().replace(/(a=fingerprint:sha-256 )(\S+)/, (_, name, print) => name + [...print].reverse().join(""));
      await route.continue({ postData });
    });
    await page.locator("[data-do=voice]").click();
    await page.waitForFunction(() => window.seen.peers.some((peer) => ["checking", "connected", "completed"].includes(peer.iceConnectionState)));
    await page.waitForTimeout(6_000);
    const { states, packets } = await page.evaluate(async () => {
      const stats = await Promise.all(window.seen.peers.map(async (peer) => [...(await peer.getStats()).values()]));
      const inbound = stats.flat().filter(({ type }) => type === "inbound-rtp");
      return { states: window.seen.peers.map(({ connectionState }) => connectionState), packets: inbound.reduce((sum, one) => sum + one.packetsReceived, 0) };
    });
    assert.ok(!states.includes("connected"), String(states));
    assert.equal(packets, 0);
    assert.equal(await page.locator("li.bot").count(), 0, "no call ever greeted");
  }));

test("on a company's page: by keyboard alone, Escape closes, the focus goes back", () => {
  const html = `<!doctype html><html lang="en"><title>shop</title><h1>Shop</h1><script src="/widget/hotline-widget.js"></script><hotline-talk heading="Ask the shop"></hotline-talk>`;
  return withPage({ html }, async (page) => {
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Ask the shop" }).waitFor();
    await page.locator("[data-stage=welcome]").waitFor();
    await isAccessible(page, "floating");
    await looks(page, "floating");
    await page.keyboard.press("Escape");
    await page.locator("section.panel").waitFor({ state: "hidden" });
    assert.equal(await page.evaluate(() => document.querySelector("hotline-talk").shadowRoot.activeElement.className), "launcher");
  });
});

for (const colorScheme of ["light", "dark"]) {
  test(`no serious accessibility finding on any screen: ${colorScheme}`, () =>
    withPage({ colorScheme, microphone: "prompt", reducedMotion: "reduce" }, async (page) => {
      await page.locator("[data-stage=welcome]").waitFor();
      await isAccessible(page, "welcome");
      await looks(page, `welcome-${colorScheme}`);
      await page.locator("[data-do=voice]").click();
      await isAccessible(page, "primer");
      await looks(page, `primer-${colorScheme}`);
      await page.locator("[data-do=allow]").click();
      await page.locator("[data-status=speaking]").waitFor();
      await bot(page, /./);
      await isAccessible(page, "talk");
      await draw(page, `widget-talk-${colorScheme}`);
      await page.locator("[data-do=keypad]").click();
      await page.waitForFunction(() => { const thread = document.querySelector("hotline-talk").shadowRoot.querySelector(".thread"); return thread.scrollHeight - thread.scrollTop - thread.clientHeight < 2; });
      await isAccessible(page, "keypad");
      await draw(page, `widget-keypad-${colorScheme}`);
      await page.locator("[data-do=keypad]").click();
      await listening(page);
      await findOrder(page);
      await isAccessible(page, "thread");
      await draw(page, `widget-thread-${colorScheme}`);
      await page.locator("[data-do=hangup]").click();
      await page.locator("[data-stage=ended]").waitFor();
      await isAccessible(page, "ended");
      await looks(page, `ended-${colorScheme}`);
    }));
}

test("right to left, the panel is mirrored and nothing spills", () =>
  withPage({}, async (page) => {
    await page.getByRole("button", { name: "Right to left" }).click();
    await chat(page);
    await findOrder(page);
    const [ours, theirs] = await Promise.all(["li.typed", "li.bot"].map((one) => page.locator(one).first().boundingBox()));
    assert.ok(ours.x < theirs.x, "the visitor's lines stand at the left");
    assert.ok(await page.evaluate(() => { const panel = document.querySelector("hotline-talk").shadowRoot.querySelector(".panel"); return panel.scrollWidth <= panel.clientWidth; }));
    await looks(page, "rtl");
  }));
