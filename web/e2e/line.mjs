// What every test needs: a real `hotline serve` of its own, a browser, a visitor's page whose microphone says what the test wants.
// Never leaves a browser or a server behind, and never writes into the repository's packs: the line has a copy.

import { execFileSync, spawn } from "node:child_process";
import { appendFileSync, cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { homedir, tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";
import { watch } from "./page.mjs";

const REPOSITORY = fileURLToPath(new URL("../..", import.meta.url));
const TARGET = process.env.CARGO_TARGET_DIR ?? join(homedir(), ".cache/hotline/target");
/** The program. */
export const HOTLINE = process.env.HOTLINE_E2E_BIN ?? join(TARGET, "debug/hotline");
const BROWSERS = [process.env.HOTLINE_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const READY_MS = 120_000;
/** Many visitors come from one address here, and nothing but loopback is spoken to. */
const CONFIG = `
[http.widget]
sessions_per_minute = 1000
calls_per_address = 50
[webrtc]
listen = ["127.0.0.1"]
[store]
record = "stereo"
`;
/** The admin's. */
export const PASSWORD = "a good long password";
/** What the browser's own microphone says. */
const SPOKEN = "what are your opening hours";

/** A line of the shop's; `pack` is written behind what stands in its pack.toml. */
export async function openLine({ pack = "" } = {}) {
  const folder = mkdtempSync(join(tmpdir(), "hotline-e2e-"));
  cpSync(join(REPOSITORY, "packs/shop"), join(folder, "shop"), { recursive: true });
  appendFileSync(join(folder, "shop/pack.toml"), pack);
  const server = await serve(folder);
  const wav = say(folder, SPOKEN, { lead: 6, tail: 60 });
  const executablePath = BROWSERS.find((path) => path && existsSync(path));
  if (!executablePath) throw new Error("no Chromium: apt-get install chromium, or name one by HOTLINE_CHROMIUM");
  const browser = await chromium.launch({
    executablePath,
    args: [
      "--use-fake-device-for-media-stream",
      "--use-fake-ui-for-media-stream",
      `--use-file-for-fake-audio-capture=${wav}%noloop`,
      "--autoplay-policy=no-user-gesture-required",
      "--disable-features=WebRtcHideLocalIpsWithMdns",
      "--font-render-hinting=none",
      "--no-sandbox",
    ],
  });
  return {
    ...server,
    browser,
    say: (text) => readFileSync(say(folder, text)),
    /** The embedded caller of the program, on the line for a while; resolves when it has hung up. */
    phone: (seconds) => new Promise((ended) => spawn(HOTLINE, ["call", `sip:bot@${server.sip}`, "--sec", String(seconds)], { stdio: "ignore" }).on("exit", ended)),
    async close() {
      await browser.close();
      await server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** The line itself, on free ports, with the embedded ear and voice and a folder of its own. */
async function serve(folder) {
  if (!existsSync(HOTLINE)) throw new Error(`no ${HOTLINE}: run \`make e2e\`, or name the program by HOTLINE_E2E_BIN`);
  const config = join(folder, "hotline.toml");
  writeFileSync(config, CONFIG);
  const ports = ["--sip", "udp:127.0.0.1:0", "--http", "127.0.0.1:0"];
  const child = spawn(HOTLINE, ["--config", config, "serve", ...ports, "--pack", join(folder, "shop"), "--data", join(folder, "data")], {
    env: { ...process.env, HOTLINE_OFFLINE: "1", HOTLINE_LOG: process.env.HOTLINE_LOG ?? "error" },
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((done) => child.once("exit", done));
  const told = await new Promise((ready, failed) => {
    const timer = setTimeout(() => failed(new Error("the line is not ready in time")), READY_MS);
    ended.then((code) => failed(new Error(`the line ended with ${code}`)));
    let lines = "";
    createInterface({ input: child.stdout }).on("line", (line) => {
      lines += `${line}\n`;
      if (!line.startsWith("first admin")) return;
      clearTimeout(timer);
      ready(lines);
    });
  });
  const [, sip, url] = told.match(/^ready: \S*udp[^\d\s]*(\S+) · .*?(http:\/\/\S+)/);
  return {
    url,
    sip,
    pid: child.pid,
    /** Where the first admin chooses a password; good once. */
    link: told.match(/http:\S+\/console#\/open\/[0-9a-f]{64}/)[0],
    close() {
      child.kill("SIGTERM");
      return ended;
    },
  };
}

/** That text in another voice than the bot's, as a wav of 48 kHz with so many seconds of silence around it. */
function say(folder, text, { lead = 0, tail = 0 } = {}) {
  const path = join(folder, `${text.replaceAll(/\W+/g, "-")}.wav`);
  execFileSync(HOTLINE, ["say", text, "--voice", "flite:rms", "--out", path], { stdio: "ignore", env: { ...process.env, HOTLINE_DATA: join(folder, "data") } });
  const { rate, samples } = readWav(readFileSync(path));
  const silence = (seconds) => new Int16Array(rate * seconds);
  writeFileSync(path, wavOf(rate, [silence(lead), samples, silence(tail)]));
  return path;
}

/** What the bot's own voice makes of a text. */
export function spokenByTheBot(text) {
  const folder = mkdtempSync(join(tmpdir(), "hotline-e2e-"));
  try {
    execFileSync(HOTLINE, ["say", text, "--out", join(folder, "bot.wav")], { stdio: "ignore", env: { ...process.env, HOTLINE_DATA: join(folder, "data") } });
    return readWav(readFileSync(join(folder, "bot.wav")));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

export function readWav(file) {
  let at = 12;
  while (file.toString("latin1", at, at + 4) !== "data") at += 8 + file.readUInt32LE(at + 4);
  const bytes = file.subarray(at + 8, at + 8 + file.readUInt32LE(at + 4));
  const samples = new Int16Array(bytes.length >> 1).map((_, n) => bytes.readInt16LE(n * 2));
  return { rate: file.readUInt32LE(24), samples };
}

function wavOf(rate, parts) {
  const bytes = parts.reduce((sum, part) => sum + part.byteLength, 0);
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + bytes, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(rate, 24);
  head.writeUInt32LE(rate * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(bytes, 40);
  return Buffer.concat([head, ...parts.map((part) => Buffer.from(part.buffer))]);
}

/**
 * A visitor's page at `/talk`, or with `html` a page of a company on the line's own origin, or at `at` any page.
 * `microphone`: "granted" before, "prompt" (the browser will ask, and the visitor allows) or "denied";
 * `speaker`: "test" (it says what `speak` is given) or "device" (the browser's own fake one, which says `SPOKEN` once).
 */
export async function visit(line, { html, at = `${line.url}/${html ? "company" : "talk"}`, microphone = "granted", speaker = "test", ...options } = {}) {
  const context = await line.browser.newContext({ viewport: { width: 1180, height: 780 }, locale: "en-GB", ...options });
  await context.addInitScript(watch, { microphone, speaker });
  context.setDefaultTimeout(15_000);
  const page = await context.newPage();
  if (html) await page.route(at, (route) => route.fulfill({ contentType: "text/html; charset=utf-8", body: html }));
  await page.goto(at);
  return page;
}

/** The console, opened by its first admin; its faults are noted. `microphone`: whether it is given one, and an ear. */
export async function administer(line, { microphone = false } = {}) {
  // What watches a page is a script of its own, which the console's policy lets in nowhere.
  const context = await line.browser.newContext({ viewport: { width: 1440, height: 900 }, locale: "en-GB", bypassCSP: microphone });
  if (microphone) await context.addInitScript(watch, { microphone: "granted", speaker: "test" });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => { if (/Content Security Policy/.test(message.text())) faults.push(message.text()); });
  await page.goto(line.link);
  await page.fill("#password", PASSWORD);
  await page.fill("#again", PASSWORD);
  return { page, context, faults, enter: () => page.click("button[type=submit]") };
}

/** By text, past the disclosure. */
export async function chat(page) {
  await page.locator("[data-do=text]:visible").click();
  await page.locator("[data-status=chatting]").waitFor();
}

/** By voice, past the disclosure and, where it comes, the primer. */
export async function call(page) {
  await page.locator("[data-do=voice]").click();
  const primer = page.locator("[data-do=allow]");
  await page.locator("[data-stage=primer], [data-stage=talk]").waitFor();
  if (await primer.isVisible()) await primer.click();
  await connected(page);
}

export const connected = (page) => page.waitForFunction(() => window.seen.peers.some((peer) => peer.connectionState === "connected"));

/** The greeting is over, and the caller may speak into silence. */
export async function listening(page) {
  // Before its greeting the line listens too.
  await page.waitForFunction(() => window.heard.firstAfter(0) !== undefined, undefined, { timeout: 30_000 });
  await page.locator("[data-status=listening]").waitFor({ timeout: 30_000 });
  await page.waitForFunction(() => window.heard.quietFor() > 0.3, undefined, { timeout: 30_000 });
}

export async function write(page, text) {
  await page.getByRole("textbox", { name: /Message|消息/ }).fill(text);
  await page.keyboard.press("Enter");
}

/** The caller says this wav now; when its first and last audible samples leave, in seconds of the page's sound. */
export const speak = (page, wav) => page.evaluate((bytes) => window.mic.say(bytes), wav.toString("base64"));

export const seen = (page) => page.evaluate(() => ({ microphone: window.seen.microphone, sockets: window.seen.sockets.length, peers: window.seen.peers.length, events: window.seen.events }));
