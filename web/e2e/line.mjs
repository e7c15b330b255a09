// What every test needs: a server (the scripted one, or a real one by HOTLINE_E2E_URL), a browser with a microphone that speaks, a page.
// Never leaves a browser or a server behind.

import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { scripted } from "./scripted.mjs";

/** Whether the tests run against `hotline serve`; what only a script can promise is skipped by name there. */
export const IS_REAL = !!process.env.HOTLINE_E2E_URL;
const BROWSERS = [process.env.HOTLINE_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const RATE_HZ = 48_000;

export async function openLine(options) {
  const folder = mkdtempSync(join(tmpdir(), "hotline-e2e-"));
  const server = IS_REAL ? { url: process.env.HOTLINE_E2E_URL.replace(/\/$/, ""), close() {} } : await scripted(options);
  const wav = process.env.HOTLINE_E2E_WAV ?? join(folder, "caller.wav");
  if (!process.env.HOTLINE_E2E_WAV) writeFileSync(wav, callerWav());
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
  if (!IS_REAL) await (await browser.newPage()).goto(`${server.url}/answerer.html`);
  return {
    ...server,
    browser,
    async close() {
      await browser.close();
      server.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/**
 * A visitor's page at `/talk`, or with `html` a page of the visitor's own company on the same origin.
 * `microphone`: "granted" before, "prompt" (the browser will ask, and the visitor allows) or "denied".
 */
export async function visit(line, { html, microphone = "granted", ...options } = {}) {
  const context = await line.browser.newContext({ viewport: { width: 1180, height: 780 }, locale: "en-GB", ...options });
  await context.addInitScript(watch, microphone);
  context.setDefaultTimeout(8_000);
  const page = await context.newPage();
  if (html) await page.route(`${line.url}/company`, (route) => route.fulfill({ contentType: "text/html; charset=utf-8", body: html }));
  await page.goto(`${line.url}${html ? "/company" : "/talk"}`);
  return page;
}

/** Runs in the page before everything else: notes what the widget asks of the browser, and plays the browser's part. */
function watch(microphone) {
  window.seen = { microphone: 0, sockets: [], peers: [], events: [] };
  const { seen } = window;
  for (const name of ["call-started", "transcript", "tool", "ended"]) {
    window.addEventListener(name, (event) => seen.events.push({ name, detail: event.detail, composed: event.composed }));
  }
  const query = navigator.permissions.query.bind(navigator.permissions);
  navigator.permissions.query = async (asked) => (asked.name === "microphone" ? { state: microphone } : query(asked));
  const devices = navigator.mediaDevices;
  const open = devices.getUserMedia.bind(devices);
  devices.getUserMedia = async (constraints) => {
    seen.microphone += 1;
    if (microphone === "denied") throw new DOMException("Permission denied", "NotAllowedError");
    return open(constraints);
  };
  window.RTCPeerConnection = class extends window.RTCPeerConnection {
    constructor(...given) {
      super(...given);
      seen.peers.push(this);
    }
  };
  window.WebSocket = class extends window.WebSocket {
    constructor(...given) {
      super(...given);
      seen.sockets.push(this);
    }
  };
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
  await page.waitForFunction(() => window.seen.peers.some((peer) => peer.connectionState === "connected"));
}

export async function write(page, text) {
  await page.getByRole("textbox", { name: /Message|消息/ }).fill(text);
  await page.keyboard.press("Enter");
}

export const seen = (page) => page.evaluate(() => ({ microphone: window.seen.microphone, sockets: window.seen.sockets.length, peers: window.seen.peers.length, events: window.seen.events }));

/** Half a second of quiet, a second of syllables, quiet for long: what stands in for a caller where nothing transcribes. */
function callerWav() {
  const seconds = 30;
  const samples = new Int16Array(RATE_HZ * seconds);
  for (let at = RATE_HZ * 2; at < RATE_HZ * 3.2; at += 1) {
    const t = at / RATE_HZ;
    const voice = [1, 2, 3, 4, 5].reduce((sum, n) => sum + Math.sin(2 * Math.PI * 140 * n * t) / n, 0);
    samples[at] = 7_000 * voice * Math.abs(Math.sin(2 * Math.PI * 2 * t));
  }
  const head = Buffer.alloc(44);
  head.write("RIFF", 0);
  head.writeUInt32LE(36 + samples.byteLength, 4);
  head.write("WAVEfmt ", 8);
  head.writeUInt32LE(16, 16);
  head.writeUInt16LE(1, 20);
  head.writeUInt16LE(1, 22);
  head.writeUInt32LE(RATE_HZ, 24);
  head.writeUInt32LE(RATE_HZ * 2, 28);
  head.writeUInt16LE(2, 32);
  head.writeUInt16LE(16, 34);
  head.write("data", 36);
  head.writeUInt32LE(samples.byteLength, 40);
  return Buffer.concat([head, Buffer.from(samples.buffer)]);
}
