/**
 * The whole panel in its shadow root: launcher, header, screens, thread, dock, and what a screen reader is told.
 * Never decides anything: it draws a `Model` and reports what the visitor did.
 */

import { status, type Model, type Stage } from "../model.ts";
import type { LanguageChoice, Language } from "../protocol.ts";
import { interfaceLanguage, NAMES, strings, type Strings } from "../strings.ts";
import type { Levels } from "../talk.ts";
import { nextId, type Line } from "../thread.ts";
import { attribute, h, label, say, show } from "./dom.ts";
import { dock } from "./dock.ts";
import { icon } from "./icons.ts";
import { lines } from "./lines.ts";
import { welcome } from "./welcome.ts";

/** What a visitor can do. */
export interface Actions {
  open(): void;
  close(): void;
  begin(): void;
  agreeVoice(): void;
  agreeText(): void;
  allow(): void;
  text(text: string): void;
  digit(digit: string): void;
  photo(file: File): void;
  interrupt(): void;
  mute(isMuted: boolean): void;
  hangUp(): void;
  choose(language: LanguageChoice): void;
  dismiss(): void;
}

export interface Part {
  root: HTMLElement;
  render(model: Model, words: Strings, language: Language): void;
}

export interface View {
  nodes: HTMLElement[];
  render(model: Model, frame: Frame): void;
}

/** What the embedding page chose. */
export interface Frame {
  heading: string;
  /** Shown at its place in the page, without a launcher. */
  inline: boolean;
  isOpen: boolean;
}

export function view(actions: Actions, levels: () => Levels): View {
  const launchText = h("span");
  const launcher = h("button.launcher", { type: "button", "aria-expanded": "false", onclick: () => actions.open() }, icon("talk"), launchText);
  const head = header(actions);
  const parts: Part[] = [welcome(actions), lines(), alertBar(actions), dock(actions, levels)];
  const drop = h("div.drop", { "aria-hidden": "true", hidden: true });
  const reader = h("p.reader", { role: "status", "aria-live": "polite" });
  const panel = h("section.panel", {}, head.root, ...parts.map((part) => part.root), drop, reader);
  const announce = announcer(reader);
  let stage: Stage | undefined;
  let wasOpen = false;
  panel.addEventListener("keydown", (event) => {
    if (event.key === "Escape") actions.close();
  });
  takePhotos(panel, drop, actions);
  return {
    nodes: [launcher, panel],
    render(model, frame) {
      const language = interfaceLanguage(model.language, navigator.languages);
      const words = strings(language);
      const isOpen = frame.inline || frame.isOpen;
      attribute(panel, "lang", language);
      attribute(launcher, "lang", language);
      attribute(panel, "role", frame.inline ? "region" : "dialog");
      attribute(panel, "aria-label", frame.heading || words.title);
      attribute(panel, "data-stage", model.stage);
      attribute(panel, "data-status", status(model));
      attribute(launcher, "aria-expanded", String(isOpen));
      say(launchText, frame.heading || words.launch);
      say(drop, words.drop);
      show(launcher, !frame.inline && !isOpen);
      show(panel, isOpen);
      head.render(model, words, language, frame);
      for (const part of parts) part.render(model, words, language);
      announce(model, words);
      const moved = stage !== undefined && stage !== model.stage;
      if (isOpen && (wasOpen ? moved : !frame.inline)) focus(panel, model);
      if (!isOpen && wasOpen) launcher.focus();
      stage = model.stage;
      wasOpen = isOpen;
    },
  };
}

/** The first thing to be read or done on a new screen. Nothing is taken from a visitor who is elsewhere in the page. */
function focus(panel: HTMLElement, model: Model): void {
  const within = panel.getRootNode() as ShadowRoot;
  if (model.stage === "loading" || (document.activeElement !== document.body && document.activeElement !== within.host)) return;
  const target: Record<Exclude<Stage, "loading">, string> = {
    failed: ".before > button",
    welcome: ".before section:not([hidden]) h2",
    primer: ".before section:not([hidden]) h2",
    talk: "textarea",
    ended: ".after p",
  };
  panel.querySelector<HTMLElement>(target[model.stage])?.focus({ preventScroll: true });
}

interface Header {
  root: HTMLElement;
  render(model: Model, words: Strings, language: Language, frame: Frame): void;
}

function header(actions: Actions): Header {
  const title = h("h1");
  const state = h("p.state");
  const picker = h("select", { onchange: () => actions.choose(picker.value as LanguageChoice) });
  const close = h("button.round.plain", { type: "button", "data-do": "close", onclick: () => actions.close() }, icon("close"));
  const root = h("header", {}, h("div.lamp", { "aria-hidden": "true" }, h("i"), icon("talk")), h("div.names", {}, title, state), picker, close);
  return {
    root,
    render(model, words, _language, frame) {
      say(title, frame.heading || words.title);
      const now = status(model);
      say(state, now === "title" ? words.launch : words[now]);
      show(state, now !== "title");
      show(picker, model.stage === "talk" && (model.session?.languages.length ?? 0) > 1);
      options(picker, model, words);
      attribute(picker, "aria-label", words.language);
      label(close, words.close);
      show(close, !frame.inline);
    },
  };
}

function options(picker: HTMLSelectElement, model: Model, words: Strings): void {
  const choices: LanguageChoice[] = [...(model.session?.languages ?? []), "auto"];
  const names = choices.map((choice) => (choice === "auto" ? words.auto : NAMES[choice]));
  if ([...picker.options].map((option) => option.text).join() !== names.join()) {
    picker.replaceChildren(...choices.map((value, at) => h("option", { value }, names[at] ?? "")));
  }
  picker.value = model.language;
}

function alertBar(actions: Actions): Part {
  const text = h("span");
  const close = h("button.plain", { type: "button", onclick: () => actions.dismiss() }, icon("close"));
  const root = h("div.alert", { role: "alert" }, text, close);
  return {
    root,
    render(model, words) {
      const { alert } = model;
      show(root, alert !== undefined);
      show(close, model.stage === "talk");
      label(close, words.close);
      say(text, alert === undefined ? "" : "key" in alert ? words[alert.key] : alert.text);
    },
  };
}

/** Reads out what is new: the bot's lines where they are not heard, our notes, and changes of the connection. */
function announcer(reader: HTMLElement): (model: Model, words: Strings) => void {
  let read = 0;
  let last = "";
  return (model, words) => {
    const isNew = (line: Line): boolean => line.id > read && (line.kind !== "speech" || line.final);
    const fresh = model.thread.filter(isNew);
    if (fresh.length > 0) read = Math.max(read, ...fresh.map((line) => line.id));
    if (model.thread.length === 0) read = nextId(model.thread) - 1;
    const texts = fresh.flatMap((line) => {
      if (line.kind === "note") return words[line.note];
      return line.kind === "speech" && line.who === "bot" && model.voice !== "on" ? line.text : [];
    });
    const link = model.link === "lost" ? words.reconnecting : "";
    if (link !== last && link) texts.push(link);
    last = link;
    if (texts.length > 0) say(reader, texts.join(" "));
  };
}

/** Photos that are pasted, or dropped on the panel. */
function takePhotos(panel: HTMLElement, drop: HTMLElement, actions: Actions): void {
  const takes = (): boolean => panel.dataset["stage"] === "talk" && !panel.querySelector<HTMLElement>("[data-do=photo]")?.hidden;
  const send = (files: FileList | undefined): void => {
    for (const file of files ?? []) actions.photo(file);
  };
  panel.addEventListener("paste", (event) => {
    if (!takes() || !event.clipboardData?.files.length) return;
    event.preventDefault();
    send(event.clipboardData.files);
  });
  panel.addEventListener("dragover", (event) => {
    if (!takes() || !event.dataTransfer?.types.includes("Files")) return;
    event.preventDefault();
    show(drop, true);
  });
  panel.addEventListener("dragleave", (event) => {
    if (!panel.contains(event.relatedTarget as Node | null)) show(drop, false);
  });
  panel.addEventListener("drop", (event) => {
    show(drop, false);
    if (!takes()) return;
    event.preventDefault();
    send(event.dataTransfer?.files);
  });
}
