// The list of past calls, the latest first.
// Never loads more than is asked for.

import { get } from "./api.js";
import { clock, empty, h, header } from "./dom.js";

export async function calls(main) {
  const body = h("tbody");
  const more = h("button", { onclick: () => load() }, "Show older calls");
  const table = h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Past calls" }, h("table", {},
    h("thead", {}, h("tr", {}, ["Call", "Began", "From", "By", "Length", "Turns", "Barge-ins", "Ended by"].map((name, i) =>
      h("th", { scope: "col", class: i >= 4 && i <= 6 ? "number" : null }, name)))), body));
  const none = empty("No call was kept yet", "Calls and conversations by text appear here as soon as they are over, and while they last.");
  let last = null;
  const load = async () => {
    const page = await get(last ? `calls?before=${encodeURIComponent(last)}` : "calls");
    body.append(...page.calls.map(row));
    last = page.calls.at(-1)?.id ?? last;
    more.hidden = !page.more;
    none.hidden = body.children.length > 0;
    table.hidden = body.children.length === 0;
  };
  main.replaceChildren(header("Calls", "What the journal kept, spoken and written. Each look at a call is noted in the audit log."), none, table, more);
  await load();
}

function row(call) {
  return h("tr", {},
    h("td", {}, h("a", { href: `#/calls/${call.id}` }, call.id)),
    h("td", {}, call.started ?? "–"),
    h("td", {}, call.from || "–"),
    h("td", {}, call.channel ? h("span", { class: "chip" }, call.channel) : "–"),
    h("td", { class: "number" }, clock(call.length_ms)),
    h("td", { class: "number" }, call.turns),
    h("td", { class: "number" }, call.barge_ins),
    h("td", {}, call.cause ?? h("span", { class: "chip" }, "not ended"), call.damaged > 0 ? h("span", { class: "chip bad" }, `${call.damaged} damaged`) : null));
}
