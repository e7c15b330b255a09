/**
 * Before the conversation: what is disclosed, the choice of language, consent, and what the browser will ask.
 * Never opens the microphone: it reports what the visitor agreed to.
 */

import type { Model } from "../model.ts";
import type { Language, LanguageChoice } from "../protocol.ts";
import { NAMES, type Strings } from "../strings.ts";
import { attribute, h, say, show } from "./dom.ts";
import { icon } from "./icons.ts";
import type { Actions, Part } from "./view.ts";

export function welcome(actions: Actions): Part {
  const loading = h("p.loading", { role: "status" });
  const retry = h("button.wide.primary", { type: "button", onclick: () => actions.begin() });
  const consent = consentScreen(actions);
  const primer = primerScreen(actions);
  const root = h("div.before", {}, loading, retry, consent.root, primer.root);
  return {
    root,
    render(model, words, language) {
      show(root, model.stage !== "talk" && model.stage !== "ended");
      show(loading, model.stage === "loading");
      say(loading, words.loading);
      show(retry, model.stage === "failed");
      say(retry, words.retry);
      consent.render(model, words, language);
      primer.render(model, words, language);
    },
  };
}

function consentScreen(actions: Actions): Part {
  const title = h("h2.lead", { tabindex: -1 });
  const more = h("p.soft");
  const picker = languagePicker(actions);
  const machine = h("span");
  const recording = h("span");
  const recordingRow = h("li", {}, icon("record"), recording);
  const disclosure = h("ul.disclosure", {}, h("li", {}, icon("machine"), machine), recordingRow);
  const voice = h("span");
  const text = h("span");
  const quiet = h("p.soft.small");
  const root = h(
    "section.screen",
    {},
    h("div.mark", { "aria-hidden": "true" }, icon("talk")),
    title,
    more,
    picker.root,
    disclosure,
    h("div.choices", {},
      h("button.wide.primary", { type: "button", "data-do": "voice", onclick: () => actions.agreeVoice() }, icon("microphone"), voice),
      h("button.wide", { type: "button", "data-do": "text", onclick: () => actions.agreeText() }, icon("type"), text),
    ),
    quiet,
  );
  return {
    root,
    render(model, words, language) {
      const told = model.session?.disclosure[language];
      show(root, model.stage === "welcome");
      say(title, words.welcome);
      say(more, words.welcomeMore);
      say(machine, told?.ai || words.disclosure);
      say(recording, told?.recording ?? "");
      show(recordingRow, !!told?.recording);
      say(voice, told?.recording ? words.agreeVoice : words.startVoice);
      say(text, told?.recording ? words.agreeText : words.startText);
      say(quiet, words.quiet);
      picker.render(model, words, language);
    },
  };
}

/** Radio buttons, drawn as one row. */
function languagePicker(actions: Actions): Part {
  const legend = h("legend.hidden-label");
  const row = h("div.segments");
  const root = h("fieldset.languages", {}, legend, row);
  const inputs = new Map<LanguageChoice, { input: HTMLInputElement; name: HTMLElement }>();
  const offer = (choices: LanguageChoice[]): void => {
    if ([...inputs.keys()].join() === choices.join()) return;
    inputs.clear();
    row.replaceChildren();
    for (const value of choices) {
      const input = h("input", { type: "radio", name: "language", value, onchange: () => actions.choose(value) });
      const name = h("span");
      inputs.set(value, { input, name });
      row.append(h("label", {}, input, name));
    }
  };
  return {
    root,
    render(model, words) {
      const spoken: Language[] = model.session?.languages ?? [];
      show(root, spoken.length > 1);
      say(legend, words.language);
      offer([...spoken, "auto"]);
      for (const [value, { input, name }] of inputs) {
        input.checked = model.language === value;
        say(name, value === "auto" ? words.auto : NAMES[value]);
        attribute(name, "lang", value === "auto" ? false : value);
      }
    },
  };
}

function primerScreen(actions: Actions): Part {
  const title = h("h2.lead", { tabindex: -1 });
  const body = h("p");
  const off = h("p.soft");
  const allow = h("button.wide.primary", { type: "button", "data-do": "allow", onclick: () => actions.allow() });
  const without = h("button.wide", { type: "button", "data-do": "text", onclick: () => actions.agreeText() });
  const root = h("section.screen", {}, h("div.mark.waiting", { "aria-hidden": "true" }, icon("microphone")), title, body, off, h("div.choices", {}, allow, without));
  return {
    root,
    render(model: Model, words: Strings) {
      show(root, model.stage === "primer");
      say(title, words.primerTitle);
      say(body, words.primer);
      say(off, words.primerOff);
      say(allow, words.allow);
      say(without, words.withoutMicrophone);
    },
  };
}
