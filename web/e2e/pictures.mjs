// Pictures of the pages, and whether they look as they did: pixel by pixel, by pixelmatch, beside those kept in `references`.
// Never compared across browsers: fonts and edges are drawn otherwise by each, and a reference is of one version alone.

import assert from "node:assert/strict";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import pixelmatch from "pixelmatch";
import { PNG } from "pngjs";

/** Where pictures go, to be looked at. */
const SHOTS = process.env.HOTLINE_E2E_SHOTS ?? join(import.meta.dirname, "shots");
const REFERENCES = join(import.meta.dirname, "references");
/** The version that the references were made with. */
const MADE_BY = join(REFERENCES, "browser.txt");
const REFRESH = process.env.HOTLINE_E2E_REFRESH === "1";
/** How much of a picture may look otherwise: edges of letters that fall a fraction of a pixel elsewhere. */
const MOST = 0.001;

mkdirSync(SHOTS, { recursive: true });
mkdirSync(REFERENCES, { recursive: true });

/** A picture to be looked at by people alone. */
export const draw = (page, name) => page.screenshot({ path: join(SHOTS, `${name}.png`), animations: "disabled" });

/**
 * The page, or a part of it, looks as on its reference; what changes from run to run is covered (`hide`, a selector).
 * With `HOTLINE_E2E_REFRESH=1` it becomes the reference. With another browser it is only drawn.
 */
export async function looksAsBefore(page, name, { hide = "", part = page } = {}) {
  const mask = hide ? [page.locator(hide)] : [];
  await page.evaluate(() => document.fonts.ready);
  const drawn = await part.screenshot({ animations: "disabled", mask, maskColor: "#808080" });
  writeFileSync(join(SHOTS, `${name}.png`), drawn);
  const browser = page.context().browser().version();
  const known = existsSync(MADE_BY) ? readFileSync(MADE_BY, "utf8").trim() : "none";
  const reference = join(REFERENCES, `${name}.png`);
  if (REFRESH) {
    writeFileSync(reference, drawn);
    writeFileSync(MADE_BY, `${browser}\n`);
    return;
  }
  if (browser !== known) {
    console.log(`skipped: ${name} is not compared, the references are of Chromium ${known} and this is ${browser}`);
    return;
  }
  assert.ok(existsSync(reference), `${name} has no reference: HOTLINE_E2E_REFRESH=1 npm test`);
  const [was, is] = [PNG.sync.read(readFileSync(reference)), PNG.sync.read(drawn)];
  assert.deepEqual([is.width, is.height], [was.width, was.height], `${name}: its size`);
  const difference = new PNG({ width: is.width, height: is.height });
  const other = pixelmatch(was.data, is.data, difference.data, is.width, is.height, { threshold: 0.1 });
  if (other > MOST * is.width * is.height) writeFileSync(join(SHOTS, `${name}-difference.png`), PNG.sync.write(difference));
  assert.ok(other <= MOST * is.width * is.height, `${name}: ${other} pixels look otherwise; see ${name}-difference.png`);
}
