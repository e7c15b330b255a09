// Elements, plain figures and the status line that screen readers hear.
// Never sets markup from text: everything a caller said stays text.

const SVG = "http://www.w3.org/2000/svg";

/** Builds `tag` with these properties (`class`, `on…`, attributes) and children; nothing for false or null. */
export function h(tag, properties = {}, ...children) {
  return fill(document.createElement(tag), properties, children);
}

/** The same for SVG. */
export function s(tag, properties = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), properties, children);
}

function fill(element, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (value === false || value === null || value === undefined) continue;
    if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
    else element.setAttribute(name, value === true ? "" : value);
  }
  element.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** Fills an element anew; nothing for false or null. */
export function show(element, ...children) {
  element.replaceChildren();
  fill(element, {}, children);
}

/** Tells the status line, for whoever does not see. */
export function announce(text) {
  document.getElementById("status").textContent = text;
}

/** `1:02:03`, or `2:03`. */
export function clock(ms) {
  const seconds = Math.max(0, Math.floor(ms / 1000));
  const two = (n) => String(n).padStart(2, "0");
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(seconds % 60)}` : `${minutes}:${two(seconds % 60)}`;
}

/** `612 ms`, or a dash. */
export function millis(ms) {
  return ms === null || ms === undefined ? "–" : `${Math.round(ms)} ms`;
}

/** `83 %`, or a dash. */
export function percent(share) {
  return share === null || share === undefined ? "–" : `${Math.round(share * 100)} %`;
}

/** A heading with its place for actions, as every view begins. */
export function header(title, about, ...actions) {
  return h("header", { class: "view-head" },
    h("div", {}, h("h1", { tabindex: "-1" }, title), about ? h("p", { class: "muted" }, about) : null),
    h("div", { class: "actions" }, ...actions));
}

/** What a view shows while there is nothing. */
export function empty(title, text) {
  return h("div", { class: "empty" }, h("strong", {}, title), h("p", { class: "muted" }, text));
}

/** What went wrong, and what to do. */
export function trouble(error) {
  return h("div", { class: "notice bad", role: "alert" }, h("strong", {}, error.message), error.fix ? h("p", {}, error.fix) : null);
}
