// What a visitor hears, measured in the page: that the reply is the voice's, how fast it comes, how fast it yields.
// Never a figure of the machine's alone: all of it goes through microphone, Opus, the line, the jitter buffer and back.

import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { after, before, test } from "node:test";
import { likeness, percentile } from "./likeness.mjs";
import { call, listening, openLine, seen, speak, spokenByTheBot, visit, write } from "./line.mjs";

const SHOTS = process.env.HOTLINE_E2E_SHOTS ?? new URL("shots", import.meta.url).pathname;
const TURNS = Number(process.env.HOTLINE_E2E_TURNS ?? 10);
const QUESTION = "what are your opening hours";
const figures = { processors: cpus().length, load: loadavg()[0] };
let line;

before(async () => {
  line = await openLine();
});
after(async () => {
  mkdirSync(SHOTS, { recursive: true });
  writeFileSync(`${SHOTS}/figures.json`, `${JSON.stringify(figures, undefined, 2)}\n`);
  console.log(JSON.stringify(figures));
  await line?.close();
});

async function withCall(check) {
  const page = await visit(line);
  try {
    await call(page);
    await listening(page);
    await check(page);
  } finally {
    await page.context().close();
  }
}

const now = (page) => page.evaluate(() => window.heard.now());

/** Polls what the page's sound says, until it says something. */
async function until(page, ask, argument) {
  const handle = await page.waitForFunction(ask, argument, { timeout: 20_000, polling: 20 });
  return handle.jsonValue();
}

const ms = (values) => ({ n: values.length, p50: Math.round(percentile(values, 0.5) * 1000), p95: Math.round(percentile(values, 0.95) * 1000) });

test("the reply that is heard is the voice's, word for word", () =>
  withCall(async (page) => {
    const from = await now(page);
    await write(page, QUESTION);
    await page.locator("[data-status=speaking]").waitFor();
    await listening(page);
    const samples = await page.evaluate((at) => window.heard.recorded(at, window.heard.now()), from);
    const heard = { rate: 16_000, samples };
    const { events } = await seen(page);
    const said = events.filter(({ name, detail }) => name === "transcript" && detail.who === "bot").slice(-3).map(({ detail }) => detail.text);
    const voice = said.map((text) => likeness(heard, spokenByTheBot(text)));
    const other = likeness(heard, spokenByTheBot("Your parcel was handed to the courier in the harbour on a rainy morning."));
    figures.likeness = { spectrum: voice.map(({ spectrum }) => Number(spectrum.toFixed(3))), level: voice.map(({ level }) => Number(level.toFixed(3))), another: Number(other.spectrum.toFixed(3)) };
    for (const [n, { spectrum, at }] of voice.entries()) {
      assert.ok(spectrum >= 0.9, `${said[n]}: ${spectrum}`);
      assert.ok(n === 0 || at > voice[n - 1].at, "in the order in which they are written");
    }
    assert.ok(other.spectrum < 0.75, `another sentence is told apart: ${other.spectrum}`);
  }));

test("from the caller's last sample to the bot's first: voice to voice", () =>
  withCall(async (page) => {
    const wav = line.say(QUESTION);
    const waits = [];
    for (let turn = 0; turn < TURNS; turn += 1) {
      const { last } = await speak(page, wav);
      const first = await until(page, (after) => window.heard.firstAfter(after), last);
      waits.push(first - last);
      await page.locator("[data-do=interrupt]").click();
      await listening(page);
    }
    const asked = (await seen(page)).events.filter(({ name, detail }) => name === "transcript" && detail.who === "caller" && detail.final && detail.text.includes("opening hours"));
    figures.voice_to_voice_ms = { ...ms(waits), understood: asked.length, mean_of_stages: await stages() };
    assert.equal(asked.length, TURNS);
    assert.ok(percentile(waits, 0.5) <= 0.65, JSON.stringify(figures.voice_to_voice_ms));
  }));

/** Where the line says that the time goes, on average. */
async function stages() {
  const metrics = await (await fetch(`${line.url}/metrics`)).text();
  const read = (kind) => new Map([...metrics.matchAll(new RegExp(`^hotline_stage_seconds_${kind}\\{stage="([^"]+)"\\} (\\S+)`, "gm"))].map(([, stage, value]) => [stage, Number(value)]));
  const [sums, counts] = [read("sum"), read("count")];
  return Object.fromEntries([...sums].filter(([stage]) => counts.get(stage) > 0).map(([stage, sum]) => [stage, Math.round((1000 * sum) / counts.get(stage))]));
}

test("a caller who breaks in is yielded to", () =>
  withCall(async (page) => {
    const wav = line.say(QUESTION);
    const [stops, ducks] = [[], []];
    for (let turn = 0; turn < TURNS; turn += 1) {
      const asked = await now(page);
      await write(page, "what can you do");
      const began = await until(page, (after) => window.heard.firstAfter(after), asked);
      await until(page, (at) => window.heard.now() > at, began + 1.2);
      const { first } = await speak(page, wav);
      await until(page, (at) => window.heard.now() > at + 0.8 && window.heard.quietFor() > 0.3, first);
      const levels = await page.evaluate((from) => window.heard.levels(from - 0.4, from + 0.8), first);
      const { stop, duck } = yielding(levels);
      stops.push(stop);
      if (duck !== undefined) ducks.push(duck);
      await page.waitForFunction(() => window.heard.quietFor() < 0.1);
      await page.locator("[data-do=interrupt]").click();
      await listening(page);
    }
    figures.barge_in_ms = { stop: ms(stops), duck: ms(ducks) };
    assert.ok(percentile(stops, 0.5) <= 0.45, JSON.stringify(figures.barge_in_ms));
    assert.ok(ducks.length > TURNS / 2, "ducked before it stopped, where a syllable shows it");
  }));

/** From levels of 20 ms, the caller's first sample after 400 ms of them: when the bot was last heard, and when it had become softer. */
function yielding(levels) {
  const before = levels.slice(0, 20);
  const loud = percentile(before, 0.8);
  const audible = (db) => db > loud - 30;
  const stop = levels.findLastIndex((db, at) => at < 60 && audible(db) && levels.slice(at + 1, at + 11).every((later) => !audible(later)));
  const heard = levels.slice(20, stop + 1);
  const soft = heard.findIndex((_, at) => Math.max(...heard.slice(at)) < loud - 7);
  return { stop: (stop + 1 - 20) * 0.02, duck: soft < 0 ? undefined : soft * 0.02 };
}

