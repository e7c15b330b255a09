// The two pages before the console: name and password, and the password of a one-time link.
// Never keeps what was typed.

import { enter } from "./api.js";
import { h, trouble } from "./dom.js";

/** The login page; `done` is called when somebody is in. */
export function login(done) {
  const name = h("input", { id: "name", name: "username", autocomplete: "username", required: true, maxlength: "64" });
  const password = h("input", { id: "password", type: "password", autocomplete: "current-password", required: true });
  const labels = [h("label", { for: "name" }, "Name"), name, h("label", { for: "password" }, "Password"), password];
  return form("Log in", "Watch the line, take part in calls, read what was.", labels, async () => {
    await enter("login", { name: name.value, password: password.value });
    done();
  });
}

/** The page of a one-time link. */
export function opening(link, done) {
  const password = h("input", {
    id: "password", type: "password", autocomplete: "new-password", required: true, minlength: "12", "aria-describedby": "rule",
  });
  const again = h("input", { id: "again", type: "password", autocomplete: "new-password", required: true });
  const fields = [
    h("label", { for: "password" }, "New password"), password, h("p", { id: "rule", class: "muted" }, "At least 12 characters."),
    h("label", { for: "again" }, "The same again"), again,
  ];
  return form("Choose a password", "This link is good once. Afterwards you log in with your name.", fields, async () => {
    if (password.value !== again.value) throw new Error("The two passwords differ.");
    await enter("open", { link, password: password.value });
    done();
  });
}

function form(title, about, fields, submit) {
  const told = h("div", {});
  const button = h("button", { class: "primary", type: "submit" }, title);
  return h("form", {
    class: "login",
    onsubmit: async (event) => {
      event.preventDefault();
      button.disabled = true;
      told.replaceChildren();
      try {
        await submit();
      } catch (error) {
        told.replaceChildren(trouble(error));
      }
      button.disabled = false;
    },
  }, h("div", { class: "brand" }, h("span", { class: "logo", "aria-hidden": "true" }), "Hotline"),
  h("h1", {}, title), h("p", { class: "muted" }, about), fields, told, button);
}
