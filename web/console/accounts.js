// The accounts, for admins: one-time links, roles, and away with one.
// Never shows a link again once the page is left.

import { get, post, remove, who } from "./api.js";
import { announce, h, header, trouble } from "./dom.js";

const ROLES = [["operator", "Operator: live calls"], ["supervisor", "Supervisor: past calls and figures too"], ["admin", "Admin: accounts too"]];

export async function accounts(main) {
  const told = h("div", { "aria-live": "polite" });
  const body = h("tbody");
  const name = h("input", { id: "new-name", required: true, maxlength: "32", pattern: "[A-Za-z0-9._\\-]+", autocomplete: "off" });
  const role = h("select", { id: "new-role" }, ROLES.map(([value, title]) => h("option", { value }, title)));
  const load = async () => body.replaceChildren(...(await get("accounts")).accounts.map(row));
  const act = async (work) => {
    try {
      await work();
      await load();
    } catch (error) {
      told.replaceChildren(trouble(error));
    }
  };
  const invite = (account) => act(async () => {
    const { path } = await post("accounts", account);
    const link = new URL(path, location.href).href;
    const field = h("input", { readonly: true, value: link, "aria-label": "One-time link", onfocus: (event) => event.target.select() });
    told.replaceChildren(h("div", { class: "notice good" }, h("strong", {}, `One-time link for ${account.name}`), h("p", {}, "Hand it over on a safe way. It is good once, and shown only now."),
      h("div", { class: "search" }, field, h("button", { onclick: () => navigator.clipboard?.writeText(link).then(() => announce("Copied.")) }, "Copy"))));
  });
  const row = (account) => {
    const away = h("button", { class: "danger", onclick: () => act(async () => { await remove(`accounts/${encodeURIComponent(account.name)}`); told.replaceChildren(); }) }, "Remove");
    away.disabled = account.name === who().name;
    return h("tr", {}, h("td", {}, account.name), h("td", {}, account.role), h("td", {}, account.link_until ? h("span", { class: "chip warn" }, `link not used, good until ${new Date(account.link_until).toLocaleString()}`) : "–"),
      h("td", { class: "actions" }, h("button", { onclick: () => invite({ name: account.name, role: account.role }), "aria-label": `New link for ${account.name}` }, "New link"), away));
  };
  main.replaceChildren(header("Accounts", "Whoever gets a one-time link chooses a password. A removed account is logged out at once."), told,
    h("form", { class: "panel inline", onsubmit: (event) => { event.preventDefault(); invite({ name: name.value, role: role.value }); } },
      h("div", {}, h("label", { for: "new-name" }, "Name"), name), h("div", {}, h("label", { for: "new-role" }, "Role"), role), h("button", { class: "primary", type: "submit" }, "Make a link")),
    h("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": "Accounts" }, h("table", {}, h("thead", {}, h("tr", {}, ["Name", "Role", "One-time link", "Actions"].map((title) => h("th", { scope: "col" }, title)))), body)));
  await load();
}
