// The operators' hand on the line, in a real browser: a call is taken over by voice and given back, hints are said or refused,
// a rating is told, and a gap is closed by one click and opened again by another.
// Never scripts the server: the visitor is a page of its own, and both have microphones and ears.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { likeness } from "./likeness.mjs";
import { administer, call, listening, openLine, readWav, speak, visit, write } from "./line.mjs";
import { draw, looksAsBefore } from "./pictures.mjs";

const TO_THE_CALLER = "good morning this is your colleague speaking from the office";
const TO_THE_OPERATOR = "thank you very much i am calling about my order from last week";
/** Two people are joined through two codecs and a change of rate; another sentence of the same voice stays far below. */
const LIKE = 0.8;
/** What the shop does not understand, and what is nearest to it. */
const GAP = "business times on saturday please";
const NEAREST = "opening-hours";
let line;
let admin;

before(async () => {
  line = await openLine({ pack: "\n[rating]\non = true\n" });
  admin = await administer(line, { microphone: true });
  await admin.enter();
  await admin.page.waitForSelector("text=No call at the moment");
});
after(() => line?.close());

/** For people to look at, light and dark. */
async function drawBoth(name) {
  for (const colorScheme of ["dark", "light"]) {
    await admin.page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await draw(admin.page, `${name}-${colorScheme}`);
  }
}

/** The visitor hangs up, and is gone. */
async function leave(visitor) {
  await visitor.locator("[data-do=hangup]").click();
  await visitor.locator("[data-stage=ended]").waitFor();
  await visitor.context().close();
}

/** One says it, the other hears it: how like it is, in the place where it is most like. */
async function heardFrom(speaker, listener, wav) {
  const from = await listener.evaluate(() => window.heard.now());
  const { last, first } = await speak(speaker, wav);
  await listener.waitForFunction((at) => window.heard.now() > at, from + (last - first) + 2);
  const samples = await listener.evaluate((at) => window.heard.recorded(at, window.heard.now()), from);
  return likeness({ rate: 16_000, samples }, readWav(wav)).spectrum;
}

test("a call is taken over by voice: each hears the other, the bot hears neither, and goes on when it is given back", async () => {
  const { page } = admin;
  const visitor = await visit(line);
  try {
    await call(visitor);
    await listening(visitor);
    await page.locator(".card .line.bot").first().waitFor();
    await page.click(".card >> text=Take over");
    await page.waitForSelector(".card >> text=Give back");
    await page.locator(".card .state", { hasText: "With an operator" }).waitFor();
    await draw(page, "console-taken-over");
    const turns = await page.locator(".card .line.caller").count();
    const caller = await heardFrom(page, visitor, line.say(TO_THE_CALLER));
    const operator = await heardFrom(visitor, page, line.say(TO_THE_OPERATOR));
    console.log(JSON.stringify({ joined: { caller: Number(caller.toFixed(3)), operator: Number(operator.toFixed(3)) } }));
    assert.ok(caller >= LIKE, `the caller hears the operator: ${caller}`);
    assert.ok(operator >= LIKE, `the operator hears the caller: ${operator}`);
    assert.equal(await page.locator(".card .line.caller").count(), turns, "what people say to each other is not transcribed");
    await page.click(".card >> text=Give back");
    await page.locator(".card .line", { hasText: "The bot goes on" }).waitFor();
    await page.waitForSelector(".card >> text=Take over");
    await listening(visitor);
    await speak(visitor, line.say("what are your opening hours"));
    await visitor.locator("li.bot", { hasText: /Monday to Saturday/ }).waitFor({ timeout: 30_000 });
    await drawBoth("console-live");
  } finally {
    await leave(visitor);
  }
  await page.waitForSelector("text=No call at the moment");
  await page.goto(`${line.url}/console#/calls`);
  await page.click("tbody a");
  await page.click("text=Load the recording");
  await page.waitForSelector(".waves path");
  await drawBoth("console-call");
  await page.goto(`${line.url}/console#/`);
  await page.waitForSelector("text=No call at the moment");
});

test("an operator who leaves gives the caller back", async () => {
  const { page } = admin;
  const visitor = await visit(line);
  try {
    await call(visitor);
    await listening(visitor);
    await page.click(".card >> text=Take over");
    await page.locator(".card .state", { hasText: "With an operator" }).waitFor();
    await page.goto(`${line.url}/console#/calls`);
    await page.reload();
    await visitor.waitForFunction(() => window.heard.quietFor() < 0.1, undefined, { timeout: 30_000 });
    await listening(visitor);
    await write(visitor, "what are your opening hours");
    await visitor.locator("li.bot", { hasText: /Monday to Saturday/ }).waitFor({ timeout: 30_000 });
  } finally {
    await leave(visitor);
  }
  await page.goto(`${line.url}/console#/`);
  await page.waitForSelector("text=No call at the moment");
});

test("a sentence is said for an operator; a question is not, nor a figure for which nobody answers", async () => {
  const { page } = admin;
  const visitor = await visit(line);
  try {
    await call(visitor);
    await listening(visitor);
    const hint = async (text) => {
      await page.locator(".card select").selectOption("say");
      await page.fill(".card input.hint", text);
      await page.getByRole("button", { name: "Give", exact: true }).click();
    };
    await hint("We have the blue lamp in stock again.");
    await visitor.locator("li.bot", { hasText: "the blue lamp in stock" }).waitFor();
    await listening(visitor);
    await hint("Would you like the blue lamp?");
    await page.locator(".card .line", { hasText: "Refused" }).waitFor();
    assert.equal(await visitor.locator("li.bot", { hasText: "Would you like" }).count(), 0);
    await hint("You get 99 dollars back.");
    await page.click(".card >> text=Say it anyway");
    await visitor.locator("li.bot", { hasText: "99 dollars back" }).waitFor();
  } finally {
    await leave(visitor);
  }
});

/** By the chat API, in one conversation: its name, and what was said last. */
async function converse(...texts) {
  let conversation;
  let said = "";
  for (const text of texts) {
    const answer = await fetch(`${line.url}/v1/chat`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ text, conversation }) });
    const body = await answer.json();
    assert.ok(answer.ok, JSON.stringify(body));
    conversation = body.conversation;
    said = body.sentences.map((one) => one.text).join(" ");
  }
  return { conversation, said };
}

const chat = async (...texts) => (await converse(...texts)).said;

test("a conversation by text is kept with its channel and its rating", async () => {
  const { page } = admin;
  const { conversation, said } = await converse("what does shipping cost", "goodbye", "5");
  assert.match(said, /Goodbye/);
  await page.goto(`${line.url}/console#/calls`);
  const row = page.locator("tbody tr", { hasText: conversation });
  await row.getByText("chat", { exact: true }).waitFor();
  await row.getByRole("link").click();
  await page.locator(".fact", { hasText: "5 of 5" }).waitFor();
  await page.locator(".line.caller", { hasText: "what does shipping cost" }).waitFor();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await draw(page, `console-chat-${colorScheme}`);
    await looksAsBefore(page, `console-conversation-${colorScheme}`, { part: page.locator(".columns > section"), hide: ".timed button" });
  }
  await page.goto(`${line.url}/console#/overview`);
  await page.locator(".tile", { hasText: "Satisfaction" }).getByText("Mean 5.0 of 1 answers").waitFor();
  await page.locator(".tile", { hasText: "Came by" }).getByText("chat", { exact: true }).waitFor();
});

/** Its place on the page of gaps, once the record that tells of it is on disk. */
async function gapOf(words) {
  const { page } = admin;
  const gap = page.locator(".gaps li.panel", { hasText: words });
  await page.goto(`${line.url}/console#/gaps`);
  while ((await gap.count()) === 0) {
    await page.reload();
    await page.waitForSelector("h1 + p, .gaps");
  }
  return gap;
}

test("a gap is closed by one click, tried and published, and opened again by another", async () => {
  const { page } = admin;
  assert.doesNotMatch(await chat(GAP), /9 in the morning/, "not understood yet");
  const gap = await gapOf(GAP);
  await gap.locator("code", { hasText: NEAREST }).waitFor();
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await looksAsBefore(page, `console-gap-${colorScheme}`, { part: gap });
  }
  await gap.getByRole("button", { name: "Add to this entry" }).click();
  const learnt = page.locator("section", { hasText: "Learnt" });
  await learnt.getByText(GAP).waitFor({ timeout: 120_000 });
  assert.equal(await gap.count(), 0, "what is understood is no gap any more");
  assert.match(await chat(GAP), /9 in the morning/);
  await learnt.getByRole("button", { name: "Take back" }).click();
  await gap.first().waitFor({ timeout: 120_000 });
  assert.doesNotMatch(await chat(GAP), /9 in the morning/);
  assert.equal(await learnt.count(), 0);
});

test("what would make the pack worse is not published, and the page says why", async () => {
  const { page } = admin;
  const gap = await gapOf(GAP);
  await gap.locator("summary", { hasText: "Write a new entry" }).click();
  await gap.getByLabel("Name of the entry").fill("visits");
  for (const [language, about, answer] of [["en", "where is my order", "Come by at any time."], ["zh", "参观", "欢迎随时来。"]]) {
    await gap.getByLabel(`What it is about (${language})`).fill(about);
    await gap.getByLabel(`What the bot answers (${language})`).fill(answer);
  }
  await gap.getByRole("button", { name: "Try and publish" }).click();
  await gap.locator(".notice.bad li").first().waitFor({ timeout: 120_000 });
  await draw(page, "console-not-published");
});

test("nothing of the console broke", () => assert.deepEqual(admin.faults, []));
