/**
 * Elements in one expression, and changes to them only where something changed.
 * Never takes markup from a string, so nothing that is said can become an element.
 */

type Attributes = Record<string, string | number | boolean | EventListener>;
type Child = Node | string;

/** `h("button.round", { type: "button", onclick }, icon)`; `true` is an empty attribute, `false` none. */
export function h<K extends keyof HTMLElementTagNameMap>(name: K | `${K}.${string}`, attributes: Attributes = {}, ...children: Child[]): HTMLElementTagNameMap[K] {
  const [tag = "", ...classes] = name.split(".");
  const element = document.createElement(tag as K);
  if (classes.length > 0) element.className = classes.join(" ");
  for (const [key, value] of Object.entries(attributes)) {
    if (typeof value === "function") element.addEventListener(key.slice(2), value);
    else attribute(element, key, value);
  }
  element.append(...children);
  return element;
}

/** Sets, or takes away where the value is `false`. */
export function attribute(element: Element, name: string, value: string | number | boolean): void {
  if (value === false) element.removeAttribute(name);
  else if (element.getAttribute(name) !== String(value === true ? "" : value)) element.setAttribute(name, value === true ? "" : String(value));
}

/** Sets the text where it is another one: screen readers read what is set again. */
export function say(element: Element, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

export function show(element: HTMLElement, isShown: boolean): void {
  element.hidden = !isShown;
}

/** A name for those who do not see the icon, and a tip for those who do. */
export function label(element: HTMLElement, text: string): void {
  attribute(element, "aria-label", text);
  attribute(element, "title", text);
}
