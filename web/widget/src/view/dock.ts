/**
 * The lower edge of a conversation: the call's buttons, the voices' picture, the field to write in.
 * Never keeps what was written once it was sent.
 */

import type { Levels } from "../talk.ts";
import { attribute, h, label, say, show } from "./dom.ts";
import { icon, type Icon } from "./icons.ts";
import { keypad } from "./keypad.ts";
import type { Actions, Part } from "./view.ts";
import { wave } from "./wave.ts";

export function dock(actions: Actions, levels: () => Levels): Part {
  const controls = callControls(actions, levels);
  const composer = composerForm(actions);
  const again = h("button.wide.primary", { type: "button", "data-do": "again", onclick: () => actions.begin() });
  const ended = h("p.soft", { tabindex: -1 });
  const after = h("div.after", {}, ended, again);
  const root = h("div.dock", {}, controls.root, composer.root, after);
  return {
    root,
    render(model, words, language) {
      show(root, model.stage === "talk" || model.stage === "ended");
      show(after, model.stage === "ended");
      say(ended, words.endedTitle);
      say(again, words.again);
      controls.render(model, words, language);
      composer.render(model, words, language);
    },
  };
}

function round(name: Icon, key: string, act: () => void, className = ""): HTMLButtonElement {
  return h(`button.round${className}`, { type: "button", "data-do": key, onclick: act }, icon(name));
}

function callControls(actions: Actions, levels: () => Levels): Part {
  const picture = wave(levels);
  let isMuted = false;
  const mute = round("microphone", "mute", () => actions.mute(!isMuted));
  const keys = round("keypad", "keypad", () => pad.toggle());
  attribute(keys, "aria-expanded", "false");
  const pad = keypad(actions, keys);
  const speakText = h("span");
  const speak = h("button.pill", { type: "button", "data-do": "speak", onclick: () => actions.agreeVoice() }, icon("microphone"), speakText);
  const hush = round("hush", "interrupt", () => actions.interrupt(), ".hush");
  const end = round("hangUp", "hangup", () => actions.hangUp(), ".danger");
  const root = h("div.controls", {}, pad.root, h("div.buttons", {}, mute, speak, keys, h("div.middle", {}, picture.root), hush, end));
  return {
    root,
    render(model, words, language) {
      const hasVoice = model.voice !== "off";
      const talks = model.stage === "talk";
      isMuted = model.muted;
      show(root, talks);
      show(mute, hasVoice);
      show(speak, !hasVoice);
      show(hush, talks && model.bot === "speaking");
      show(picture.root, hasVoice);
      picture.run(talks && hasVoice);
      picture.label(words.level);
      if (mute.dataset["icon"] !== String(isMuted)) mute.replaceChildren(icon(isMuted ? "microphoneOff" : "microphone"));
      mute.dataset["icon"] = String(isMuted);
      attribute(mute, "aria-pressed", String(isMuted));
      label(mute, isMuted ? words.unmute : words.mute);
      label(keys, words.keypad);
      label(hush, words.interrupt);
      label(end, hasVoice ? words.hangUp : words.endChat);
      say(speakText, words.speak);
      pad.render(model, words, language);
    },
  };
}

function composerForm(actions: Actions): Part {
  const file = h("input", { type: "file", hidden: true, tabindex: -1, "aria-hidden": "true" });
  const photo = round("photo", "photo", () => file.click(), ".plain");
  const field = h("textarea", { rows: 1, dir: "auto", enterkeyhint: "send", maxlength: 2000 });
  const send = h("button.round.send", { type: "submit" }, icon("send", "flip"));
  const root = h("form.composer", {}, file, photo, field, send);
  const submit = (): void => {
    if (field.value.trim() === "") return;
    actions.text(field.value);
    field.value = "";
    grow(field);
  };
  root.addEventListener("submit", (event) => {
    event.preventDefault();
    submit();
  });
  field.addEventListener("input", () => grow(field));
  field.addEventListener("keydown", (event) => {
    // Enter that ends an input method's word is no Enter.
    if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
    event.preventDefault();
    submit();
  });
  file.addEventListener("change", () => {
    for (const one of file.files ?? []) actions.photo(one);
    file.value = "";
  });
  return {
    root,
    render(model, words) {
      show(root, model.stage === "talk");
      show(photo, model.photos);
      attribute(file, "accept", model.session?.imageTypes.join(",") ?? "image/*");
      label(photo, words.photo);
      label(send, words.send);
      attribute(field, "aria-label", words.message);
      attribute(field, "placeholder", words.write);
    },
  };
}

/** As tall as what is written, up to what the style allows. */
function grow(field: HTMLTextAreaElement): void {
  field.style.height = "auto";
  field.style.height = `${field.scrollHeight}px`;
}
