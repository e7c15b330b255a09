// The frame of the console: who is logged in, the views and the way between them, light and dark.
// Never shows a view that the account may not see; the server would refuse it anyway.

import { accounts } from "./accounts.js";
import { leave, may, restore, who } from "./api.js";
import { call } from "./call.js";
import { calls } from "./calls.js";
import { announce, h, trouble } from "./dom.js";
import { gaps, knowledge } from "./knowledge.js";
import { login, opening } from "./login.js";
import { overview } from "./overview.js";
import { wall } from "./wall.js";

const VIEWS = [
  { path: "live", title: "Live", role: "operator", show: wall },
  { path: "calls", title: "Calls", role: "supervisor", show: calls },
  { path: "overview", title: "Overview", role: "supervisor", show: overview },
  { path: "gaps", title: "Gaps", role: "supervisor", show: gaps },
  { path: "knowledge", title: "Knowledge", role: "supervisor", show: knowledge },
  { path: "accounts", title: "Accounts", role: "admin", show: accounts },
];
const app = document.getElementById("app");
/** Ends what the view at hand has open. */
let close = () => {};

function theme() {
  const dark = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  return dark;
}

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  localStorage.setItem("hotline-theme", name);
}

function frame(current) {
  const links = VIEWS.filter((view) => may(view.role)).map((view) =>
    h("a", { href: `#/${view.path}`, "aria-current": view.path === current ? "page" : null }, view.title));
  const toggle = h("button", { class: "quiet", onclick: () => setTheme(theme() === "dark" ? "light" : "dark") }, "Light / dark");
  const out = h("button", { class: "quiet", onclick: async () => { await leave(); route(); } }, "Log out");
  const main = h("main", { id: "main", tabindex: "-1" });
  const skip = h("button", { class: "skip", onclick: () => main.focus() }, "Skip to the content");
  app.replaceChildren(
    skip,
    h("aside", {},
      h("div", { class: "brand" }, h("span", { class: "logo", "aria-hidden": "true" }), "Hotline"),
      h("nav", { "aria-label": "Views" }, links),
      h("div", { class: "account" },
        h("div", { class: "whoami" }, h("strong", {}, who().name), h("span", { class: "muted" }, who().role)), toggle, out)),
    main);
  return main;
}

async function route() {
  close();
  close = () => {};
  const [path = "", argument = ""] = location.hash.replace(/^#\//, "").split("/");
  if (path === "open") return alone(opening(argument, () => go("live")), "Choose a password");
  if (!who()) return alone(login(() => { if (path === "") go("live"); else route(); }), "Log in");
  const view = VIEWS.find((view) => view.path === path && may(view.role));
  if (!view) return go("live");
  const main = frame(view.path);
  document.title = `${view.title} · Hotline console`;
  try {
    const shown = await (view.path === "calls" && argument ? call(main, decodeURIComponent(argument)) : view.show(main));
    if (typeof shown === "function") close = shown;
  } catch (error) {
    if (error.status !== 401) main.replaceChildren(trouble(error));
  }
  main.querySelector("h1")?.focus({ preventScroll: true });
  announce(view.title);
}

function alone(view, title) {
  document.title = `${title} · Hotline console`;
  app.replaceChildren(h("main", { id: "main", class: "alone" }, view));
  view.querySelector("input")?.focus();
}

function go(path) {
  if (location.hash === `#/${path}`) route();
  else location.hash = `#/${path}`;
}

const kept = localStorage.getItem("hotline-theme");
if (kept) document.documentElement.dataset.theme = kept;
window.addEventListener("hashchange", route);
window.addEventListener("logged-out", route);
restore().then(route, (error) => app.replaceChildren(trouble(error)));
