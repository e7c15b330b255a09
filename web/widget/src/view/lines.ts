/**
 * The thread as the visitor sees it: bubbles, partials greyed, photos, notes.
 * Never draws a line again that did not change.
 */

import { continues, speaker, type Line } from "../thread.ts";
import type { Strings } from "../strings.ts";
import { attribute, h, say } from "./dom.ts";
import type { Part } from "./view.ts";

/** So far from its end the thread still counts as read to the end, in pixels. */
const NEAR_END_PX = 80;

export function lines(): Part {
  const list = h("ol.lines");
  const root = h("div.thread", { role: "log", "aria-live": "off", tabindex: 0 }, list);
  const drawn = new Map<number, { line: Line; words: Strings; item: HTMLElement }>();
  let isRead = true;
  root.addEventListener("scroll", () => (isRead = nearEnd(root)));
  // The keypad opens below, a telephone's keyboard comes up: who had read to the end still sees it.
  new ResizeObserver(() => {
    if (isRead) root.scrollTop = root.scrollHeight;
  }).observe(root);
  return {
    root,
    render(model, words) {
      attribute(root, "aria-label", words.thread);
      root.hidden = model.stage !== "talk" && model.stage !== "ended";
      const atEnd = nearEnd(root);
      const grew = model.thread.length !== drawn.size;
      prune(drawn, model.thread);
      model.thread.forEach((line, at) => {
        const before = drawn.get(line.id);
        if (before?.line === line && before.words === words) return;
        const item = before?.item ?? h("li");
        draw(item, line, words, continues(model.thread[at - 1], line));
        if (item.parentNode !== list) list.append(item);
        drawn.set(line.id, { line, words, item });
      });
      const own = speakerOfLast(model.thread) === "caller" && grew;
      if (atEnd || own) root.scrollTop = root.scrollHeight;
    },
  };
}

function nearEnd(thread: HTMLElement): boolean {
  return thread.scrollHeight - thread.scrollTop - thread.clientHeight < NEAR_END_PX;
}

function prune(drawn: Map<number, { item: HTMLElement }>, thread: readonly Line[]): void {
  const ids = new Set(thread.map((line) => line.id));
  for (const [id, { item }] of drawn) {
    if (ids.has(id)) continue;
    item.remove();
    drawn.delete(id);
  }
}

function speakerOfLast(thread: readonly Line[]): string {
  const last = thread.at(-1);
  return last ? speaker(last) : "";
}

function draw(item: HTMLElement, line: Line, words: Strings, goesOn: boolean): void {
  item.className = [speaker(line), line.kind, goesOn ? "on" : "", isOpen(line) ? "partial" : ""].filter(Boolean).join(" ");
  if (line.kind === "note") return say(item, words[line.note]);
  const who = h("span.who", {}, `${speaker(line) === "bot" ? words.bot : words.you}: `);
  if (line.kind === "photo") {
    item.replaceChildren(who, photo(line, words));
    return;
  }
  const text = h("span.text", { dir: "auto" }, line.text);
  if (line.kind === "speech" && line.language) attribute(text, "lang", line.language);
  const bubble = h("div.bubble", {}, text);
  if (line.kind === "speech" && line.cut) bubble.append(h("span.cut", {}, words.cut));
  item.replaceChildren(who, bubble);
  if (line.kind === "typed" && line.delivery !== "sent") item.append(h("span.delivery", {}, line.delivery === "waiting" ? words.waiting : words.photoFailed));
}

function isOpen(line: Line): boolean {
  return line.kind === "speech" && !line.final;
}

function photo(line: Extract<Line, { kind: "photo" }>, words: Strings): HTMLElement {
  const figure = h("figure.bubble");
  const { preview, name, codes } = line.photo;
  figure.append(preview ? h("img", { src: preview, alt: name || words.photoGone }) : h("span.gone", {}, words.photoGone));
  const told = caption(line.delivery, codes, words);
  if (told) figure.append(h("figcaption", {}, told));
  return figure;
}

function caption(delivery: "waiting" | "sent" | "failed", codes: readonly string[], words: Strings): string {
  switch (delivery) {
    case "waiting":
      return words.photoSending;
    case "failed":
      return words.photoFailed;
    case "sent":
      return codes.length > 0 ? words.photoCodes.replace("{codes}", codes.join(", ")) : "";
  }
}
