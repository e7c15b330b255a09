// What was not understood, alike sentences together, and a question's hits in the pack's knowledge.
// Never writes into the pack.

import { get } from "./api.js";
import { announce, empty, h, header, trouble } from "./dom.js";

/** Sentences that were not understood, the most frequent first. */
export async function gaps(main) {
  const told = await get("gaps");
  const list = told.gaps.length === 0
    ? empty("Nothing was left open", "Sentences that the bot heard in words and did not understand come together here.")
    : h("ol", { class: "gaps" }, told.gaps.map(gap));
  main.replaceChildren(header("Gaps", `What callers said and the bot did not understand, in the latest ${told.calls} calls.`), list);
}

function gap({ count, language, said, nearest }) {
  const first = said[0].text;
  const suggestion = nearest
    ? ["Add it as a way to ask to the entry ", h("code", {}, nearest.id), `, which is nearest (score ${nearest.score.toFixed(2)}), or write a new entry.`]
    : ["No entry shares a word with it: write a new one."];
  return h("li", { class: "panel" },
    h("div", { class: "gap-head" }, h("strong", { class: "figure" }, count), h("div", {}, h("p", { class: "quote" }, first), h("div", { class: "chips" }, h("span", { class: "chip" }, language)))),
    h("p", {}, h("span", { class: "muted" }, "Suggestion: "), suggestion),
    h("details", {}, h("summary", {}, `Said ${count} time${count > 1 ? "s" : ""}`),
      h("ul", {}, said.map(({ text, call }) => h("li", {}, text, " ", h("a", { href: `#/calls/${call}`, "aria-label": `Call ${call}` }, call))))));
}

/** The hit test: a question, and what the bot would find. */
export function knowledge(main) {
  const question = h("input", { id: "question", type: "search", maxlength: "500", required: true, placeholder: "when are you open" });
  const hits = h("div", {});
  const search = async (event) => {
    event.preventDefault();
    try {
      const told = await get(`knowledge?q=${encodeURIComponent(question.value)}`);
      hits.replaceChildren(h("p", { class: "muted" }, `${told.hits.length} of ${told.entries} entries of the pack ${told.pack} share words with it. The score is BM25; the bot answers only if a hit is good enough for its policy.`),
        ...told.hits.map((hit, i) => shown(hit, i, told.hits[0].score)));
      announce(`${told.hits.length} hits.`);
    } catch (error) {
      hits.replaceChildren(trouble(error));
    }
  };
  main.replaceChildren(header("Knowledge", "Ask as a caller would, and see which entries are found."),
    h("form", { class: "search", role: "search", onsubmit: search }, h("label", { class: "visually-hidden", for: "question" }, "Question"), question, h("button", { class: "primary", type: "submit" }, "Try")), hits);
}

function shown(hit, i, best) {
  const meter = h("progress", { max: best, value: hit.score, "aria-label": `Score ${hit.score.toFixed(2)}` });
  return h("article", { class: "panel hit" },
    h("div", { class: "hit-head" }, h("h2", {}, `${i + 1}. ${hit.id}`), meter, h("span", { class: "number" }, hit.score.toFixed(2))),
    ...hit.answer.map((text) => h("p", {}, text)),
    h("details", {}, h("summary", {}, "Ways to ask"), Object.entries(hit.phrasings).map(([language, all]) => h("p", {}, h("span", { class: "chip" }, language), " ", all.join(" · ")))));
}
