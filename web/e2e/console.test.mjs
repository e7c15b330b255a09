// The operators' console in a real browser on a real line.
// Never leaves a server, a call or a data folder behind.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, test } from "node:test";
import { chromium } from "playwright-core";
import { HOTLINE } from "./line.mjs";

const PACK = resolve(import.meta.dirname, "../../packs/shop");
const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const PASSWORD = "a good long password";
/** Where screenshots go, to be looked at. */
const SHOTS = process.env.HOTLINE_E2E_SHOTS;
let line;

before(async () => {
  line = await open();
});
after(() => line?.close());

test("the first admin chooses a password, logs out and in again", async () => {
  const { page, url } = line;
  await page.goto(line.link);
  await page.fill("#password", PASSWORD);
  await page.fill("#again", PASSWORD);
  await look("open");
  await page.click("button[type=submit]");
  await page.click("text=Log out");
  await page.goto(`${url}/console`);
  await look("login");
  await page.fill("#name", "admin");
  await page.fill("#password", "a wrong long password");
  await page.click("button[type=submit]");
  await page.waitForSelector("[role=alert]");
  await page.fill("#password", PASSWORD);
  await page.click("button[type=submit]");
  await page.waitForSelector("text=No call at the moment");
});

test("a call is watched, heard, hinted at and ended", async () => {
  const { page } = line;
  const caller = line.call();
  await page.waitForSelector(".card .line.bot");
  await page.waitForFunction(() => Number(document.querySelector(".card [role=meter][aria-label^=Bot]").getAttribute("aria-valuenow")) > -40);
  await page.click(".card >> text=Listen in");
  await page.waitForSelector(".card >> text=Stop listening");
  await page.fill(".card .hint", "when are you open");
  await page.click(".card button[type=submit]");
  await page.waitForSelector(".card .line.hint");
  await page.waitForSelector(".card >> text=Monday to Saturday");
  await look("live");
  await page.click(".card >> text=Hang up");
  await page.click("text=Really hang up?");
  await page.waitForSelector(".card.over");
  await caller;
});

test("the call is read, looked at and heard afterwards", async () => {
  const { page, url } = line;
  await page.goto(`${url}/console#/calls`);
  await look("calls", "tbody tr");
  await page.click("tbody a");
  await page.click("text=Load the recording");
  await look("call", ".waves path");
  assert.match(await page.textContent(".talk"), /Ended: operator/);
  for (const view of ["overview", "gaps", "knowledge", "accounts"]) {
    await page.goto(`${url}/console#/${view}`);
    await look(view, "h1");
  }
});

test("nothing of the page was refused by its policy or broke", () => assert.deepEqual(line.faults, []));

/** Opens a line with an empty data folder, and a browser. */
async function open() {
  const folder = mkdtempSync(join(tmpdir(), "hotline-console-"));
  const [http, sip] = [await freePort(), await freePort()];
  const config = join(folder, "hotline.toml");
  writeFileSync(config, `pack = ${JSON.stringify(PACK)}\noffline = true\n[store]\ndata = ${JSON.stringify(join(folder, "data"))}\nrecord = "stereo"\n[http]\nlisten = "127.0.0.1:${http}"\n[sip]\nlisten = ["udp:127.0.0.1:${sip}"]\n`);
  const server = spawn(HOTLINE, ["serve", "--config", config], { stdio: ["ignore", "pipe", "ignore"] });
  const link = await new Promise((found, failed) => {
    let told = "";
    server.stdout.on("data", (text) => {
      told += text;
      const link = told.match(/http:\S+\/console#\/open\/[0-9a-f]{64}/);
      if (link) found(link[0]);
    });
    server.on("exit", () => failed(new Error("the line did not open")));
  });
  const executablePath = [process.env.HOTLINE_CHROMIUM, "/usr/bin/chromium", "/usr/bin/chromium-browser"].find((path) => path && existsSync(path));
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required"] });
  const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  const page = await context.newPage();
  page.setDefaultTimeout(20_000);
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => { if (/Content Security Policy/.test(message.text())) faults.push(message.text()); });
  return {
    url: `http://127.0.0.1:${http}`,
    link, page, context, faults,
    call: () => new Promise((ended) => spawn(HOTLINE, ["call", `sip:bot@127.0.0.1:${sip}`, "--sec", "60"], { stdio: "ignore" }).on("exit", ended)),
    async close() {
      await browser.close();
      await new Promise((ended) => { server.on("exit", ended); server.kill("SIGTERM"); });
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Axe finds nothing serious, light and dark. It runs in a world of its own: the page's policy lets no foreign script in. */
async function look(name, selector = "main") {
  const { page, context } = line;
  await page.waitForSelector(selector);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    if (SHOTS) await page.screenshot({ path: join(SHOTS, `console-${name}-${colorScheme}.png`) });
    const client = await context.newCDPSession(page);
    const { frameTree } = await client.send("Page.getFrameTree");
    const { executionContextId: contextId } = await client.send("Page.createIsolatedWorld", { frameId: frameTree.frame.id });
    await client.send("Runtime.evaluate", { expression: AXE, contextId });
    const expression = "axe.run(document).then((found) => found.violations.map(({ id, impact, nodes }) => ({ id, impact, html: nodes[0].html })))";
    const { result } = await client.send("Runtime.evaluate", { expression, contextId, awaitPromise: true, returnByValue: true });
    const serious = result.value.filter(({ impact }) => impact === "serious" || impact === "critical");
    assert.deepEqual(serious, [], `${name}, ${colorScheme}`);
    await client.detach();
  }
}

function freePort() {
  return new Promise((found) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const { port } = server.address();
      server.close(() => found(port));
    });
  });
}
