// The widget in a real browser: consent first, voice, text, keypad, photos, reconnection, looks, accessibility.
// Against the scripted server, or against `hotline serve` by HOTLINE_E2E_URL.

import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { after, before, test } from "node:test";
import axe from "axe-core";
import { call, chat, IS_REAL, openLine, seen, visit, write } from "./line.mjs";

const SHOTS = process.env.HOTLINE_E2E_SHOTS;
const scriptedOnly = { skip: IS_REAL && "only a script can promise this" };
let line;

before(async () => {
  line = await openLine();
  if (SHOTS) mkdirSync(SHOTS, { recursive: true });
});
after(() => line?.close());

const bot = (page, words) => page.locator("li.bot:not(.partial)", { hasText: words }).first().waitFor();

/** A page of its own for each test; closed also where the test fails. */
async function withPage(options, check) {
  const page = await visit(line, options);
  try {
    await check(page);
  } finally {
    await page.context().close();
  }
}

async function shoot(page, name) {
  if (SHOTS) await page.screenshot({ path: `${SHOTS}/${name}.png`, animations: "disabled" });
}

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

test("by voice: the call connects, both sides are captioned, partials are grey", scriptedOnly, () =>
  withPage({ microphone: "prompt" }, async (page) => {
    await call(page);
    await page.locator("li.caller.partial").waitFor();
    await page.locator("li.caller:not(.partial)", { hasText: "where is my order" }).waitFor();
    await bot(page, "desk lamp");
    const { events, microphone } = await seen(page);
    assert.equal(microphone, 1);
    assert.ok(events.every(({ composed }) => composed));
    for (const name of ["call-started", "transcript", "tool"]) assert.ok(events.some((event) => event.name === name), name);
    assert.equal(events.find(({ name }) => name === "call-started").detail.voice, true);
  }));

test("the microphone's meter moves with the caller", () =>
  withPage({}, async (page) => {
    await call(page);
    await page.waitForFunction(() => Number(document.querySelector("hotline-talk").shadowRoot.querySelector("[role=meter]").ariaValueNow ?? 0) > 20);
  }));

test("a button silences the bot at once", scriptedOnly, () =>
  withPage({}, async (page) => {
    await call(page);
    await page.locator("[data-do=interrupt]").click();
    await page.locator(".cut").waitFor();
    await page.locator("[data-status=listening]").waitFor();
  }));

test("ICE is restarted on the same call", scriptedOnly, () =>
  withPage({}, async (page) => {
    await call(page);
    const before = line.state.calls.size;
    const ufrag = await page.evaluate(() => {
      const peer = window.seen.peers[0];
      const was = peer.remoteDescription.sdp.match(/ice-ufrag:(.+)/)[1];
      Object.defineProperty(peer, "connectionState", { get: () => "failed", configurable: true });
      peer.dispatchEvent(new Event("connectionstatechange"));
      delete peer.connectionState;
      return was;
    });
    await page.waitForFunction((was) => window.seen.peers[0].remoteDescription.sdp.match(/ice-ufrag:(.+)/)[1] !== was, ufrag);
    await page.waitForFunction(() => window.seen.peers[0].connectionState === "connected");
    assert.equal(line.state.calls.size, before);
  }));

test("a refused microphone leaves a conversation by text", () =>
  withPage({ microphone: "denied" }, async (page) => {
    await page.locator("[data-do=voice]").click();
    await page.getByRole("alert").filter({ hasText: /blocked/ }).waitFor();
    await page.locator("[data-status=chatting]").waitFor();
    await write(page, "where is order 4271");
    await bot(page, /desk lamp/);
    assert.equal((await seen(page)).peers, 0);
  }));

test("digits go by keypad and keyboard, and are not shown", () =>
  withPage({}, async (page) => {
    await chat(page);
    await page.locator("[data-do=keypad]").click();
    await page.locator("[data-digit='4']").click();
    await page.keyboard.press("2");
    await page.getByLabel("Digits sent: 2").waitFor();
    await page.keyboard.press("Escape");
    await page.locator(".keypad").waitFor({ state: "hidden" });
    if (!IS_REAL) assert.equal([...line.state.conversations.values()].at(-1).digits, "42");
  }));

test("a lost connection comes back to the same conversation", () =>
  withPage({}, async (page) => {
    await chat(page);
    await bot(page, /./);
    await page.evaluate(() => window.seen.sockets.at(-1).close(4000));
    await page.locator("li.note", { hasText: "Connected again" }).waitFor();
    await write(page, "where is order 4271");
    await bot(page, /desk lamp/);
  }));

test("a page loaded anew goes on with its thread", () =>
  withPage({}, async (page) => {
    await chat(page);
    await write(page, "where is order 4271");
    await bot(page, /desk lamp/);
    await page.reload();
    await page.locator("[data-status=chatting]").waitFor();
    await bot(page, /desk lamp/);
    assert.equal(await page.locator("li.note", { hasText: "lapsed" }).count(), 0);
  }));

test("a photo is shown and its code told", scriptedOnly, () =>
  withPage({}, async (page) => {
    await chat(page);
    const png = Buffer.from("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==", "base64");
    await page.locator("input[type=file]").setInputFiles({ name: "receipt.png", mimeType: "image/png", buffer: png });
    await page.getByText("Read: 6901234567892").waitFor();
  }));

test("in Chinese, chosen before or in the middle", () =>
  withPage({}, async (page) => {
    await page.locator("input[value=zh]").check({ force: true });
    await page.getByRole("button", { name: /打字/ }).click();
    await page.getByRole("textbox", { name: "消息" }).waitFor();
    await page.getByRole("combobox").selectOption("en");
    await page.getByRole("textbox", { name: "Message" }).waitFor();
  }));

test("on a company's page: by keyboard alone, Escape closes, the focus goes back", () => {
  const html = `<!doctype html><html lang="en"><title>shop</title><h1>Shop</h1><script src="/widget/hotline-widget.js"></script><hotline-talk heading="Ask the shop"></hotline-talk>`;
  return withPage({ html }, async (page) => {
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    await page.getByRole("dialog", { name: "Ask the shop" }).waitFor();
    await page.locator("[data-stage=welcome]").waitFor();
    await isAccessible(page, "floating");
    await shoot(page, "floating");
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
      await shoot(page, `${colorScheme}-1-welcome`);
      await page.locator("[data-do=voice]").click();
      await isAccessible(page, "primer");
      await shoot(page, `${colorScheme}-2-primer`);
      await page.locator("[data-do=allow]").click();
      await page.locator("[data-status=speaking]").waitFor();
      await bot(page, /./);
      await isAccessible(page, "talk");
      await shoot(page, `${colorScheme}-3-talk`);
      await page.locator("[data-do=keypad]").click();
      await isAccessible(page, "keypad");
      await shoot(page, `${colorScheme}-4-keypad`);
      await page.locator("[data-do=hangup]").click();
      await page.locator("[data-stage=ended]").waitFor();
      await isAccessible(page, "ended");
    }));
}

test("right to left, the panel is mirrored and nothing spills", () =>
  withPage({}, async (page) => {
    await page.getByRole("button", { name: "Right to left" }).click();
    await chat(page);
    await write(page, "where is order 4271");
    await bot(page, /desk lamp/);
    const [ours, theirs] = await Promise.all(["li.typed", "li.bot"].map((line) => page.locator(line).first().boundingBox()));
    assert.ok(ours.x < theirs.x, "the visitor's lines stand at the left");
    assert.ok(await page.evaluate(() => { const panel = document.querySelector("hotline-talk").shadowRoot.querySelector(".panel"); return panel.scrollWidth <= panel.clientWidth; }));
    await shoot(page, "rtl");
  }));
