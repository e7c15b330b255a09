// Figures over some days, each with its definition beside it, and their export.
// Never a plot without the number of things behind it.

import { get } from "./api.js";
import { clock, h, header, millis, percent, s, show } from "./dom.js";

const SPANS = [[1, "Today"], [7, "7 days"], [30, "30 days"], [90, "90 days"]];
const WIDTH = 320;
const HEIGHT = 96;

const FIGURES = [
  { title: "Calls", of: (f) => f.calls, print: (n) => n ?? "–", about: "Calls and conversations by text in the journal that began on these days, those that last included. Prometheus counts the ended ones: hotline_calls_total + hotline_chats_total." },
  { title: "Containment", of: (f) => f.containment, print: percent, most: 1, about: "Ended calls that were not handed to a person, over all ended calls: 1 − hotline_calls_total{cause=\"transferred\"} ÷ hotline_calls_total, and hotline_chats_total likewise." },
  { title: "Handle time", of: (f) => f.handle_ms, print: (ms) => (ms === null || ms === undefined ? "–" : clock(ms)), about: "From the answer to the last thing noted, the mean over ended calls." },
  { title: "Latency p50", of: (f) => f.latency_p50_ms, print: millis, about: "Voice to voice: the caller’s last speech to our first sound on the wire. Half of the answered turns were faster. As hotline_voice_to_voice_seconds, computed from each turn and not from buckets." },
  { title: "Latency p95", of: (f) => f.latency_p95_ms, print: millis, about: "The same; 95 of 100 answered turns were faster." },
  { title: "Barge-ins", of: (f) => f.barge_ins, print: (n) => n ?? "–", about: "Replies that a caller cut off: hotline_barge_ins_total." },
  { title: "Not understood", of: (f) => f.no_matches, print: (n) => n ?? "–", about: "Final transcripts in which no word was understood: hotline_no_matches_total." },
];

export async function overview(main) {
  const body = h("div", {});
  const buttons = SPANS.map(([days, title]) => h("button", { "aria-pressed": "false", onclick: () => load(days) }, title));
  const csv = h("a", { class: "button", download: true }, "CSV");
  const ndjson = h("a", { class: "button", download: true }, "NDJSON");
  main.replaceChildren(header("Overview", "From the journal, call by call.", h("div", { class: "group", role: "group", "aria-label": "Days" }, buttons), csv, ndjson), body);
  const load = async (days) => {
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(SPANS[i][0] === days)));
    csv.href = `/console/api/overview/calls.csv?days=${days}`;
    ndjson.href = `/console/api/overview/calls.ndjson?days=${days}`;
    const told = await get(`overview?days=${days}`);
    show(body,
      told.is_whole ? null : h("div", { class: "notice" }, `Only the latest ${told.all.calls} calls of these days were read.`),
      h("div", { class: "tiles" }, FIGURES.map((figure) => tile(figure, told, spread(told, days))),
        parts("Ended by", told.all.causes, told.all.calls, "Why calls ended; “transferred” were handed to a person. As the label cause of hotline_calls_total and hotline_chats_total. “voice”: what was written went on as a call."),
        parts("Came by", told.all.channels, told.all.calls, "What calls and conversations came by: a phone, a browser (webrtc), the widget’s text, the chat API, a social app."),
        parts("Satisfaction", told.all.ratings, Math.max(told.all.rated, 1), `How satisfied callers who were asked at the end, and answered by voice or key, said they are: from 1, not at all, to 5, very much. Mean ${mean(told.all.satisfaction)} of ${told.all.rated} answers. As hotline_ratings_total. Asked where the pack says [rating] on = true.`),
        parts("Emotion", told.all.emotions, told.all.calls, "The feeling read last on each call, where the pack gives leave to read it.")), intents(told.intents));
  };
  await load(7);
}

const mean = (stars) => (stars === null || stars === undefined ? "–" : stars.toFixed(1));

/** A line an intent and a version of the pack. */
function intents(groups) {
  const columns = [["Intent", (g) => h("code", {}, g.intent)], ["Pack", (g) => g.pack], ["Calls", (g) => g.calls], ["Containment", (g) => percent(g.containment)],
    ["Satisfaction", (g) => (g.rated > 0 ? `${mean(g.satisfaction)} (${g.rated})` : "–")], ["Handle time", (g) => (g.handle_ms === null ? "–" : clock(g.handle_ms))], ["Latency p95", (g) => millis(g.latency_p95_ms)], ["Not understood", (g) => g.no_matches]];
  return h("section", { class: "panel" }, h("h2", {}, "By intent and pack version"),
    groups.length === 0 ? h("p", { class: "muted" }, "No calls.") : h("div", { class: "scroll" }, h("table", { class: "tight" }, h("thead", {}, h("tr", {}, columns.map(([name]) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, groups.map((group) => h("tr", {}, columns.map(([, of]) => h("td", {}, of(group)))))))),
    h("p", { class: "muted" }, "The figures above, over the calls in which that flow was begun or that entry answered (“none”: neither). A call about two things counts in both lines, so that the lines do not add up to all calls. The version is the beginning of the pack’s hash in the audit log, of the pack a call ended with. Satisfaction is the mean, with the number of answers."));
}

function tile({ title, of, print, about, most }, told, days) {
  return h("section", { class: "panel tile" }, h("h2", {}, title), h("p", { class: "figure" }, print(of(told.all))),
    bars(title, days.map((day) => ({ day: day.day, value: of(day) })), { print, most }), h("p", { class: "muted" }, about));
}

/** Every day of the span, those without a call too. */
function spread({ days, today }, span) {
  const known = new Map(days.map((day) => [day.day, day]));
  return Array.from({ length: span }, (_, i) => {
    const day = new Date(Date.parse(today) - (span - 1 - i) * 86_400_000).toISOString().slice(0, 10);
    return known.get(day) ?? { day };
  });
}

/** A bar a day. */
function bars(title, days, { print, most }) {
  const top = most ?? Math.max(...days.map(({ value }) => value ?? 0), 1);
  const width = Math.min(WIDTH / days.length, WIDTH / 5);
  const bar = ({ day, value }, i) => {
    const height = ((value ?? 0) / top) * (HEIGHT - 18);
    return s("g", {}, s("rect", { x: i * width + 2, y: HEIGHT - 14 - height, width: Math.max(width - Math.min(4, width / 3), 1), height, rx: 2, class: "day" }, s("title", {}, `${day}: ${print(value)}`)),
      i === 0 || i === days.length - 1 ? s("text", { x: i === 0 ? 2 : (i + 1) * width - 2, y: HEIGHT - 2, class: "axis", "text-anchor": i === 0 ? "start" : "end" }, day.slice(5)) : null);
  };
  const text = days.filter(({ value }) => value !== undefined).map(({ day, value }) => `${day}: ${print(value)}`).join(", ");
  return s("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "bars", role: "img", "aria-label": `${title} a day. ${text || "No calls."}` },
    s("line", { x1: 0, x2: WIDTH, y1: HEIGHT - 14, y2: HEIGHT - 14, class: "base" }), days.map(bar));
}

/** What a whole is made of. */
function parts(title, counts, whole, about) {
  const sorted = Object.entries(counts).sort(([, a], [, b]) => b - a);
  return h("section", { class: "panel tile" }, h("h2", {}, title),
    sorted.length === 0 ? h("p", { class: "muted" }, "No calls.") : h("ul", { class: "parts" }, sorted.map(([name, count]) =>
      h("li", {}, h("span", {}, name), s("svg", { viewBox: "0 0 100 6", preserveAspectRatio: "none", "aria-hidden": "true" }, s("rect", { width: (count / whole) * 100, height: 6, class: "day" })), h("span", { class: "number" }, count)))),
    h("p", { class: "muted" }, about));
}
