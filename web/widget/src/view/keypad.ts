/**
 * The twelve keys of a telephone; with the focus on them, the keyboard's digits press them too.
 * Never shows which digits were pressed: they may be a PIN.
 */

import { DIGITS } from "../protocol.ts";
import { attribute, h, say, show } from "./dom.ts";
import type { Actions, Part } from "./view.ts";

const LETTERS: Record<string, string> = { 2: "ABC", 3: "DEF", 4: "GHI", 5: "JKL", 6: "MNO", 7: "PQRS", 8: "TUV", 9: "WXYZ" };
/** More dots would not fit. */
const MAX_DOTS = 16;

export interface Keypad extends Part {
  toggle(): void;
  close(): void;
  isOpen(): boolean;
}

export function keypad(actions: Actions, opener: HTMLElement): Keypad {
  const keys = DIGITS.map((digit) =>
    h("button.key", { type: "button", "data-digit": digit, onclick: () => actions.digit(digit) }, h("b", {}, digit), h("small", { "aria-hidden": "true" }, LETTERS[digit] ?? "")),
  );
  const sent = h("p.sent", { role: "status" });
  const grid = h("div.grid", {}, ...keys);
  const root = h("div.keypad", { role: "group", hidden: true, onkeydown: (event) => press(event as KeyboardEvent) }, sent, grid);
  const set = (isOpen: boolean): void => {
    show(root, isOpen);
    attribute(opener, "aria-expanded", String(isOpen));
    (isOpen ? keys[0] : opener)?.focus();
  };
  const press = (event: KeyboardEvent): void => {
    if (event.key === "Escape") {
      event.stopPropagation();
      set(false);
    } else if (DIGITS.some((digit) => digit === event.key)) {
      actions.digit(event.key);
    }
  };
  return {
    root,
    toggle: () => set(root.hidden),
    close: () => show(root, false),
    isOpen: () => !root.hidden,
    render(model, words) {
      attribute(root, "aria-label", words.keypad);
      say(sent, "•".repeat(Math.min(model.digits, MAX_DOTS)));
      attribute(sent, "aria-label", words.digits.replace("{count}", String(model.digits)));
      if (model.stage !== "talk") show(root, false);
    },
  };
}
