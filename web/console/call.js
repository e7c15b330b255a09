// One past call: its sound in two channels, what was said, where the time of each turn went, what was understood and done.
// Never fetches the sound before it is asked for: that is a look of its own in the audit log.

import { bytes, get } from "./api.js";
import { announce, clock, h, header, millis, s, show, trouble } from "./dom.js";
import { add, story } from "./story.js";
import { line } from "./wall.js";

const STAGES = [
  ["endpoint", "Endpoint: last speech to the end of the turn"], ["stt", "Recognition: to the final transcript"],
  ["reply", "Reply: to the first sentence"], ["tts", "Voice: to its first sound"], ["wire", "Wire: to the first frame sent"],
];
/** Columns of the waveform. */
const COLUMNS = 1200;
const HEIGHT = 48;

export async function call(main, id) {
  const told = await get(`calls/${encodeURIComponent(id)}`);
  const tale = story();
  const rows = new Map();
  for (const entry of told.entries) add(tale, entry);
  const sound = new Sound(id, told.entries, (ms) => mark(rows, ms));
  const talk = h("div", { class: "talk tall", tabindex: "0", role: "region", "aria-label": "What was said" }, tale.rows.map((row) => {
    const element = h("div", { class: "timed" },
      h("button", { class: "quiet number", "aria-label": `Go to ${clock(row.t_ms)}`, onclick: () => sound.seek(row.t_ms) }, clock(row.t_ms)), line(row));
    rows.set(element, row.t_ms);
    return element;
  }));
  const { call: facts } = told;
  const fact = (name, value) => h("div", { class: "fact" }, h("dt", {}, name), h("dd", {}, value));
  const file = `/console/api/calls/${encodeURIComponent(id)}`;
  show(main,
    header(facts.from || id, id, h("a", { class: "button", href: `${file}/events.jsonl`, download: true }, "Export events"),
      told.is_recorded ? h("a", { class: "button", href: `${file}/recording.wav`, download: true }, "Export sound") : null,
      h("a", { class: "button", href: "#/calls" }, "All calls")),
    told.damage.length > 0 ? h("div", { class: "notice bad" }, h("strong", {}, "Parts of this call cannot be read"), h("ul", {}, told.damage.map((text) => h("li", {}, text)))) : null,
    told.is_closed ? null : h("div", { class: "notice" }, "This record is not closed: the call lasts, or its end was lost."),
    h("dl", { class: "facts" }, fact("Began", facts.started ?? "–"), fact("By", facts.channel || "–"), fact("Length", clock(facts.length_ms)), fact("Turns", facts.turns),
      fact("Barge-ins", facts.barge_ins), fact("Language", tale.language ?? "–"), fact("Identity", tale.verified ? "verified" : "not verified"),
      fact("Pack", tale.pack ?? "–"), fact("Satisfaction", tale.rating ? `${tale.rating} of 5` : "not told"), fact("Last emotion", tale.emotion?.name ?? "not read"), fact("Ended by", facts.cause ?? "–")),
    tale.codec === "text" ? null : section("Sound", told.is_recorded ? sound.element : h("p", { class: "muted" }, "This call was not recorded, or its recording was swept away.")),
    h("div", { class: "columns" }, section("Conversation", talk), h("div", {}, tale.codec === "text" ? null : section("Latency of each turn", waterfall(told.entries)), section("Understood", understood(told.entries)), section("Policy", policy(told.entries)), section("Knowledge", knowledge(told.hits)), section("Tools", tools(told.entries)))));
  return () => sound.close();
}

function section(title, ...children) {
  return h("section", { class: "panel" }, h("h2", {}, title), ...children);
}

/** Marks the row that was being said at that time. */
function mark(rows, ms) {
  let current = null;
  for (const [element, at] of rows) if (at <= ms) current = element;
  for (const element of rows.keys()) element.classList.toggle("now", element === current);
  current?.scrollIntoView({ block: "nearest" });
}

function waterfall(entries) {
  const turns = entries.filter((entry) => entry.kind === "latency");
  if (turns.length === 0) return h("p", { class: "muted" }, "No turn was answered by voice.");
  const longest = Math.max(...turns.map((turn) => turn.total_ms), 1);
  const bar = (turn) => {
    let x = 0;
    const parts = STAGES.map(([name], i) => {
      const width = (turn[`${name}_ms`] / longest) * 100;
      const part = s("rect", { x, y: 0, width, height: 10, class: `stage-${i}` }, s("title", {}, `${name} ${turn[`${name}_ms`]} ms`));
      x += width;
      return part;
    });
    const about = STAGES.map(([name]) => `${name} ${turn[`${name}_ms`]}`).join(", ");
    return s("svg", { viewBox: "0 0 100 10", preserveAspectRatio: "none", class: "waterfall", role: "img", "aria-label": `${about} milliseconds` }, parts);
  };
  return h("div", {},
    h("table", { class: "tight" }, h("thead", {}, h("tr", {}, h("th", { scope: "col" }, "Turn"), h("th", { scope: "col", class: "wide" }, "Where the time went"), h("th", { scope: "col", class: "number" }, "Voice to voice"))),
      h("tbody", {}, turns.map((turn) => h("tr", {}, h("td", { class: "number" }, turn.turn ?? "–"), h("td", {}, bar(turn)), h("td", { class: "number" }, millis(turn.total_ms)))))),
    h("ul", { class: "legend" }, STAGES.map(([, about], i) => h("li", {}, h("span", { class: `swatch stage-${i}`, "aria-hidden": "true" }), about))));
}

function understood(entries) {
  const turns = entries.filter((entry) => entry.kind === "understood" && entry.commands.length > 0);
  if (turns.length === 0) return h("p", { class: "muted" }, "Nothing was journalled of what was understood.");
  return h("table", { class: "tight" }, h("thead", {}, h("tr", {}, ["Turn", "Commands, slots and knowledge", "By"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, turns.map((turn) => h("tr", {}, h("td", { class: "number" }, turn.turn ?? "–"),
      h("td", {}, turn.commands.map((command) => h("span", { class: `chip ${command === "no_match" ? "warn" : ""}` }, command))), h("td", {}, turn.brain)))));
}

function policy(entries) {
  const verdicts = entries.filter((entry) => entry.kind === "policy");
  if (verdicts.length === 0) return h("p", { class: "muted" }, "Nothing had to be judged.");
  return h("table", { class: "tight" }, h("thead", {}, h("tr", {}, ["Turn", "What", "Rule", "Verdict"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, verdicts.map((one) => h("tr", {}, h("td", { class: "number" }, one.turn ?? "–"), h("td", {}, one.what), h("td", {}, one.rule),
      h("td", {}, h("span", { class: `chip ${one.allowed ? "good" : "bad"}` }, one.allowed ? "allowed" : "refused"))))));
}

function knowledge(hits) {
  const turns = hits.filter(({ entries }) => entries.length > 0);
  if (turns.length === 0) return h("p", { class: "muted" }, "No entry shares a word with what was said.");
  return h("div", {},
    h("table", { class: "tight" }, h("thead", {}, h("tr", {}, ["Turn", "Best entries, with their BM25 scores"].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, turns.map(({ turn, entries }) => h("tr", {}, h("td", { class: "number" }, turn ?? "–"),
        h("td", {}, entries.map(({ id, score }) => h("span", { class: "chip" }, `${id} ${score.toFixed(1)}`))))))),
    h("p", { class: "muted" }, "As the pack stands now, not as it stood then."));
}

function tools(entries) {
  const used = entries.filter((entry) => entry.kind === "tool");
  if (used.length === 0) return h("p", { class: "muted" }, "No tool was called.");
  return h("table", { class: "tight" }, h("thead", {}, h("tr", {}, ["Turn", "Tool", "Result", "Time"].map((name) => h("th", { scope: "col" }, name)))),
    h("tbody", {}, used.map((tool) => h("tr", {}, h("td", { class: "number" }, tool.turn ?? "–"), h("td", {}, tool.name),
      h("td", {}, h("span", { class: `chip ${tool.ok ? "good" : "bad"}` }, tool.ok ? "done" : "failed")), h("td", { class: "number" }, millis(tool.ms))))));
}

/** The recording: two waveforms over one time line, and a player. */
class Sound {
  constructor(id, entries, at) {
    Object.assign(this, { id, entries, at });
    this.load = h("button", { onclick: () => this.fetch() }, "Load the recording");
    this.element = h("div", {}, this.load, h("span", { class: "muted" }, " Loading it is noted in the audit log."));
  }

  async fetch() {
    this.load.disabled = true;
    try {
      const wav = await bytes(`calls/${encodeURIComponent(this.id)}/recording.wav`);
      this.url = URL.createObjectURL(new Blob([wav], { type: "audio/wav" }));
      this.show(peaks(wav));
      announce("The recording is there.");
    } catch (error) {
      this.load.disabled = false;
      this.element.append(trouble(error));
    }
  }

  show({ sides, seconds }) {
    this.seconds = seconds;
    this.player = h("audio", { controls: true, src: this.url, preload: "auto", "aria-label": "Recording" });
    this.cursor = s("line", { x1: 0, x2: 0, y1: 0, y2: 2 * HEIGHT, class: "cursor" });
    const path = (peaks, y) => s("path", { class: y ? "wave bot" : "wave caller", d: outline(peaks, y + HEIGHT / 2) });
    const marks = this.entries.filter((entry) => entry.kind === "barge_in").map((entry) => {
      const x = (entry.t_ms / 1000 / seconds) * COLUMNS;
      return s("line", { x1: x, x2: x, y1: 0, y2: 2 * HEIGHT, class: "barge" }, s("title", {}, `Barge-in at ${clock(entry.t_ms)}`));
    });
    const waves = s("svg", {
      viewBox: `0 0 ${COLUMNS} ${2 * HEIGHT}`, preserveAspectRatio: "none", class: "waves", role: "img", "aria-label": "Waveform: the caller above, the bot below",
      onclick: (event) => {
        const box = waves.getBoundingClientRect();
        this.seek(((event.clientX - box.left) / box.width) * seconds * 1000);
      },
    }, path(sides[0], 0), path(sides[1], HEIGHT), marks, this.cursor);
    this.player.addEventListener("timeupdate", () => {
      const x = (this.player.currentTime / seconds) * COLUMNS;
      this.cursor.setAttribute("x1", x);
      this.cursor.setAttribute("x2", x);
      this.at(this.player.currentTime * 1000);
    });
    const legend = h("ul", { class: "legend" }, h("li", {}, h("span", { class: "swatch caller", "aria-hidden": "true" }), "Caller, left"), h("li", {}, h("span", { class: "swatch bot", "aria-hidden": "true" }), "Bot, right"), h("li", {}, h("span", { class: "swatch barge", "aria-hidden": "true" }), "Barge-in"));
    this.element.replaceChildren(waves, this.player, legend);
  }

  seek(ms) {
    if (!this.player) return announce("Load the recording first.");
    this.player.currentTime = Math.min(ms / 1000, this.seconds);
    this.player.play().catch(() => {});
  }

  close() {
    this.player?.pause();
    if (this.url) URL.revokeObjectURL(this.url);
  }
}

/** The loudest sample of each column and side, 0 to 1, of a 16-bit stereo wav as the server writes it. */
function peaks(wav) {
  const view = new DataView(wav);
  const tag = (at) => String.fromCharCode(...new Uint8Array(wav, at, 4));
  let [at, rate, from, length] = [12, 16000, 44, wav.byteLength - 44];
  while (at + 8 <= wav.byteLength) {
    const size = view.getUint32(at + 4, true);
    if (tag(at) === "fmt ") rate = view.getUint32(at + 12, true);
    if (tag(at) === "data") [from, length] = [at + 8, Math.min(size, wav.byteLength - at - 8)];
    at += 8 + size + (size % 2);
  }
  const samples = new Int16Array(wav.slice(from, from + length - (length % 4)));
  const frames = samples.length / 2;
  const sides = [0, 1].map((side) => Float32Array.from({ length: COLUMNS }, (_, column) => {
    let peak = 0;
    const end = Math.floor(((column + 1) * frames) / COLUMNS);
    for (let i = Math.floor((column * frames) / COLUMNS); i < end; i += 1) peak = Math.max(peak, Math.abs(samples[2 * i + side]));
    return peak / 32768;
  }));
  return { sides, seconds: Math.max(frames / rate, 0.001) };
}

function outline(peaks, middle) {
  const height = (peak) => Math.max(0.5, Math.sqrt(peak) * (HEIGHT / 2 - 2));
  const up = [...peaks].map((peak, x) => `${x},${(middle - height(peak)).toFixed(1)}`);
  const down = [...peaks].map((peak, x) => `${x},${(middle + height(peak)).toFixed(1)}`).reverse();
  return `M${up.join("L")}L${down.join("L")}Z`;
}
