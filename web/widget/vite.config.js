// Builds the one file that a page embeds, and notes what it was built from.
// Never leaves a file that is over the size promised or that names a host.

import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { defineConfig } from "vite";

const MAX_GZIP_BYTES = 60_000;
/** Everything that the built copy depends on; `tests/widget_built.rs` reads the same list. */
const SOURCES = ["page", "src", "package-lock.json", "package.json", "tsconfig.json", "vite.config.js"];

/** All files below `path`, in the order of their names. */
function files(path) {
  if (statSync(path).isFile()) return [path];
  return readdirSync(path).sort().flatMap((name) => files(join(path, name)));
}

/** SHA-256 over "name NUL content NUL" of each source, line ends as git keeps them. */
function sourcesHash() {
  const hash = createHash("sha256");
  for (const file of SOURCES.flatMap(files)) {
    const content = readFileSync(file, "utf8").replaceAll("\r\n", "\n");
    hash.update(`${file.replaceAll("\\", "/")}\0${content}\0`);
  }
  return hash.digest("hex");
}

/** Refuses a bundle that is too large or not self-contained; writes the demo page and the hash beside it. */
const sealed = {
  name: "hotline-sealed",
  apply: "build",
  closeBundle() {
    const script = readFileSync("dist/hotline-widget.js", "utf8");
    const bytes = gzipSync(script, { level: 9 }).length;
    if (bytes > MAX_GZIP_BYTES) throw new Error(`hotline-widget.js is ${bytes} bytes gzipped; ${MAX_GZIP_BYTES} are promised`);
    const host = script.match(/(https?|wss?):\/\/(?!www\.w3\.org\/2000\/svg)[\w.]+/);
    if (host) throw new Error(`hotline-widget.js names a host: ${host[0]}`);
    copyFileSync("page/demo.html", "dist/demo.html");
    writeFileSync("dist/sources.sha256", `${sourcesHash()}\n`);
    console.log(`hotline-widget.js: ${bytes} bytes gzipped`);
  },
};

export default defineConfig({
  publicDir: false,
  plugins: [sealed],
  build: {
    target: "es2022",
    cssTarget: ["chrome123", "firefox120", "safari17.5"],
    lib: { entry: "src/main.ts", formats: ["iife"], name: "HotlineWidget", fileName: () => "hotline-widget.js" },
    emptyOutDir: true,
  },
  test: { environment: "happy-dom", include: ["test/**/*.test.ts"] },
});
