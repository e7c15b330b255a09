// What was not understood, alike sentences together, and a question's hits in the pack's knowledge.
// Never writes into the pack: the server tries a change first, and says why it does not take it.

import { get, post } from "./api.js";
import { announce, empty, h, header, percent, show, trouble } from "./dom.js";

/** Sentences that were not understood, the most frequent first, and what was learnt of them. */
export async function gaps(main) {
  const [told, learned] = await Promise.all([get("gaps"), get("learned")]);
  const again = () => gaps(main);
  const list = told.gaps.length === 0
    ? empty("Nothing was left open", "Sentences that the bot heard in words and did not understand come together here.")
    : h("ol", { class: "gaps" }, told.gaps.map((one) => gap(one, learned.languages, again)));
  show(main, header("Gaps", `What callers said and the bot did not understand, in the latest ${told.calls} calls.`), list, learnt(learned.changes, again));
}

function gap({ count, language, said, nearest }, languages, again) {
  const sentences = [...new Set(said.map(({ text }) => text))];
  const outcome = h("div", { role: "status" });
  const add = (wish, button) => attempt(outcome, button, () => post("learned", { said: sentences, ...wish }), again);
  const click = h("button", { class: "primary", type: "button", onclick: () => add({ entry: nearest.id }, click) }, "Add to this entry");
  const suggestion = nearest
    ? h("div", { class: "suggestion" }, h("p", {}, h("span", { class: "muted" }, "Suggestion: "), "a way to ask for ", h("code", {}, nearest.id), `, for which the bot would take it soonest (${percent(nearest.score)} sure).`), click)
    : h("p", {}, h("span", { class: "muted" }, "Suggestion: "), "no entry is near; write a new one.");
  return h("li", { class: "panel" },
    h("div", { class: "gap-head" }, h("strong", { class: "figure" }, count), h("div", {}, h("p", { class: "quote" }, sentences[0]), h("div", { class: "chips" }, h("span", { class: "chip" }, language)))),
    suggestion, writing(languages, add), outcome,
    h("details", {}, h("summary", {}, `Said ${count} time${count > 1 ? "s" : ""}`),
      h("ul", {}, said.map(({ text, call }) => h("li", {}, text, " ", h("a", { href: `#/calls/${call}`, "aria-label": `Call ${call}` }, call))))));
}

/** A new entry: its name, and in each language what it is about, another way to ask, and the answer. */
function writing(languages, add) {
  const field = (label, tag = "input") => h(tag, { "aria-label": label, placeholder: label, required: true, maxlength: "500" });
  const name = Object.assign(field("Name of the entry, as gift-cards"), { pattern: "[A-Za-z0-9_\\-]+" });
  const fields = languages.map((language) => ({ language, about: field(`What it is about (${language})`), answer: field(`What the bot answers (${language})`, "textarea") }));
  const button = h("button", { type: "submit" }, "Try and publish");
  const send = (event) => {
    event.preventDefault();
    const of = (key) => Object.fromEntries(fields.map((one) => [one.language, one[key].value]));
    add({ entry: name.value, about: of("about"), answer: of("answer") }, button);
  };
  return h("details", {}, h("summary", {}, "Write a new entry"),
    h("form", { class: "writing", onsubmit: send }, name, fields.flatMap(({ about, answer }) => [about, answer]), button));
}

/** Asks for a change of the pack; what got worse, if anything did, stands below. */
async function attempt(outcome, button, ask, again) {
  button.disabled = true;
  outcome.replaceChildren(h("p", { class: "muted" }, "It is learnt and tried beside the pack in use; calls go on…"));
  try {
    const told = await ask();
    if (told.published === false) {
      return outcome.replaceChildren(h("div", { class: "notice bad" }, h("strong", {}, "Not published, because something would be worse"), h("ul", {}, told.worse.map((text) => h("li", {}, text)))));
    }
    announce(told.published ? `Published: ${told.phrases} ways to ask are understood and ${told.scripts} scripted callers served as before.` : "Taken back.");
    await again();
  } catch (error) {
    outcome.replaceChildren(trouble(error));
  } finally {
    button.disabled = false;
  }
}

/** What was learnt, the latest first; only the latest can be taken back. */
function learnt(changes, again) {
  if (changes.length === 0) return null;
  const outcome = h("div", { role: "status" });
  const back = h("button", { type: "button", onclick: () => attempt(outcome, back, () => post("learned/undo"), again) }, "Take back");
  return h("section", { class: "panel" }, h("h2", {}, "Learnt"), outcome,
    h("table", { class: "tight" }, h("thead", {}, h("tr", {}, ["When", "Entry", "Ways to ask", "By", ""].map((name) => h("th", { scope: "col" }, name)))),
      h("tbody", {}, changes.map(({ at, by, entry, said }, i) => h("tr", {}, h("td", {}, new Date(at).toLocaleString()), h("td", {}, h("code", {}, entry)), h("td", {}, said.join(" · ")), h("td", {}, by), h("td", {}, i === 0 ? back : null))))));
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
