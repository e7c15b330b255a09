// The server's side of the console: requests with the session's token, and who is logged in.
// Never keeps the token longer than the page.

let me = null;

/** What the server refuses with. */
export class Refused extends Error {
  constructor(status, error, fix) {
    super(error);
    this.status = status;
    this.fix = fix;
  }
}

const RANKS = ["operator", "supervisor", "admin"];

/** Who is logged in, or null. */
export const who = () => me;

/** Whether whoever is logged in may do what this role may. */
export const may = (role) => me !== null && RANKS.indexOf(me.role) >= RANKS.indexOf(role);

/** Asks who is logged in. */
export async function restore() {
  try {
    me = await get("me");
  } catch (error) {
    if (error.status !== 401) throw error;
    me = null;
  }
  return me;
}

export const get = (path) => ask("GET", path);
export const post = (path, body) => ask("POST", path, body);
export const remove = (path) => ask("DELETE", path);

/** Logs in by password, or by a one-time link. */
export async function enter(path, body) {
  me = await post(path, body);
  return me;
}

export async function leave() {
  await post("logout");
  me = null;
}

/** The bytes of a file, such as a recording. */
export async function bytes(path) {
  const response = await fetch(`/console/api/${path}`);
  if (!response.ok) throw await refused(response);
  return response.arrayBuffer();
}

async function ask(method, path, body) {
  const headers = {};
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (method !== "GET" && me) headers["X-CSRF-Token"] = me.csrf;
  let response;
  try {
    response = await fetch(`/console/api/${path}`, { method, headers, body: body === undefined ? undefined : JSON.stringify(body) });
  } catch {
    throw new Refused(0, "The server cannot be reached.", "Check the network, then try again.");
  }
  if (!response.ok) throw await refused(response);
  return response.headers.get("content-type")?.startsWith("application/json") ? response.json() : null;
}

async function refused(response) {
  const told = await response.json().catch(() => ({ error: `The server answered ${response.status}.` }));
  if (response.status === 401 && me) {
    me = null;
    window.dispatchEvent(new Event("logged-out"));
  }
  return new Refused(response.status, told.error, told.fix);
}
