// The operators' console in a real browser on a real line.
// Never leaves a server, a call or a data folder behind.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { PASSWORD, administer, openLine } from "./line.mjs";
import { draw, looksAsBefore } from "./pictures.mjs";

const AXE = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** What is not the same in two runs, and so is covered before a picture is compared. */
const CHANGING = {
  calls: "tbody td",
  overview: ".figure, .bars, .parts, tbody td",
};
let line;
let admin;

before(async () => {
  line = await openLine();
  admin = await administer(line);
});
after(() => line?.close());

test("the first admin chooses a password, logs out and in again", async () => {
  const { page } = admin;
  const { url } = line;
  await look("open");
  await admin.enter();
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
  await look("wall");
});

test("a call is watched, heard, hinted at and ended", async () => {
  const { page } = admin;
  const caller = line.phone(60);
  await page.waitForSelector(".card .line.bot");
  await page.waitForFunction(() => Number(document.querySelector(".card [role=meter][aria-label^=Bot]").getAttribute("aria-valuenow")) > -40);
  await page.click(".card >> text=Listen in");
  await page.waitForSelector(".card >> text=Stop listening");
  await page.fill(".card input.hint", "when are you open");
  await page.click(".card button[type=submit]");
  await page.waitForSelector(".card .line.hint");
  await page.waitForSelector(".card >> text=Monday to Saturday");
  await look("hinted", { isCompared: false });
  await page.click(".card >> text=Hang up");
  await page.click("text=Really hang up?");
  await page.waitForSelector(".card.over");
  await caller;
});

test("the call is read, looked at and heard afterwards", async () => {
  const { page } = admin;
  const { url } = line;
  await page.goto(`${url}/console#/calls`);
  await look("calls", { selector: "tbody tr" });
  await page.click("tbody a");
  await page.click("text=Load the recording");
  await look("past", { selector: ".waves path", isCompared: false });
  assert.match(await page.textContent(".talk"), /Ended: operator/);
  for (const view of ["overview", "gaps", "knowledge", "accounts"]) {
    await page.goto(`${url}/console#/${view}`);
    await look(view, { selector: "h1" });
  }
});

test("nothing of the page was refused by its policy or broke", () => assert.deepEqual(admin.faults, []));

/**
 * The view looks as it did, and axe finds nothing serious, light and dark. Axe runs in a world of its own: the page's policy lets
 * no foreign script in.
 */
async function look(name, { selector = "main", isCompared = true } = {}) {
  const { page, context } = admin;
  await page.waitForSelector(selector);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const picture = `console-${name}-${colorScheme}`;
    await (isCompared ? looksAsBefore(page, picture, { hide: CHANGING[name] }) : draw(page, picture));
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
