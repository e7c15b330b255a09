// The live wall: a card a call, as the server tells it, with a hand on the call.
// Never polls: one stream of events, opened again by the browser when it breaks.

import { get, post } from "./api.js";
import { announce, clock, empty, h, header, millis, trouble } from "./dom.js";
import { listen } from "./listen.js";
import { takeOver } from "./seat.js";
import { add, story } from "./story.js";

/** Rows a card shows. */
const ROWS = 60;
/** A card whose call is over stays for so long. */
const LINGER_MS = 8000;
/** What a hint of each kind may be. */
const PLACEHOLDERS = { steer: "An answer, a task or a person to turn to", say: "A statement; the bot's question follows" };
/** What refuses a figure that nothing supports; the operator may answer for it. */
const UNFOUNDED = "figures stand in an entry or a tool's result";
/** The quietest level that shows, in dBFS. */
const FLOOR_DB = -60;

export function wall(main) {
  const cards = new Map();
  const grid = h("div", { class: "wall" });
  const link = h("span", { class: "chip" }, "Connecting…");
  const none = empty("No call at the moment", "A call appears here as soon as the bot answers it.");
  main.replaceChildren(header("Live", "Every call on the line as it happens. Numbers and addresses that are said are hidden.", link), none, grid);
  const count = () => { none.hidden = cards.size > 0; };
  const take = (id) => {
    cards.get(id)?.remove();
    cards.delete(id);
    count();
  };
  const put = (id, since) => {
    take(id);
    const card = new Card(id, since);
    cards.set(id, card);
    grid.prepend(card.element);
    count();
    return card;
  };
  const stream = new EventSource("/console/api/live");
  const on = (name, act) => stream.addEventListener(name, (event) => act(JSON.parse(event.data)));
  on("wall", ({ calls }) => {
    [...cards.keys()].forEach(take);
    for (const { call, since, latest } of calls) {
      const card = put(call, since);
      latest.forEach((entry) => card.take(entry));
    }
  });
  on("began", ({ call, since }) => { put(call, since); announce("A call began."); });
  on("entry", ({ call, entry }) => cards.get(call)?.take(entry));
  on("levels", (levels) => cards.get(levels.call)?.levels(levels));
  on("over", ({ call }) => {
    const card = cards.get(call);
    card?.over();
    setTimeout(() => { if (cards.get(call) === card) take(call); }, LINGER_MS);
  });
  stream.onopen = () => { link.textContent = "Connected"; link.className = "chip good"; };
  stream.onerror = () => {
    link.textContent = "Reconnecting…";
    link.className = "chip warn";
    get("me").catch(() => {});
  };
  const ticking = setInterval(() => cards.forEach((card) => card.tick()), 1000);
  count();
  return () => {
    stream.close();
    clearInterval(ticking);
    cards.forEach((card) => card.remove());
  };
}

class Card {
  constructor(id, since) {
    Object.assign(this, { id, since: Date.parse(since), call: story(), rows: new Map(), ear: null, seat: null });
    this.state = h("span", { class: "state" });
    this.from = h("h2", {});
    this.time = h("time", { class: "number" });
    this.chips = h("div", { class: "chips" });
    this.meters = { caller: meter("Caller"), bot: meter("Bot") };
    this.log = h("div", { class: "talk", tabindex: "0", role: "region", "aria-label": `What was said on ${id}` });
    this.told = h("div", {});
    this.element = h("article", { class: "card", "aria-label": `Call ${id}` },
      h("div", { class: "card-head" }, h("div", {}, this.state, this.from), this.time),
      h("div", { class: "meters" }, this.meters.caller.element, this.meters.bot.element),
      this.chips, this.log, this.actions(), this.told);
    this.show();
    this.tick();
  }

  actions() {
    const hint = h("input", { class: "hint", "aria-label": "Hint to the bot", placeholder: "An answer, a task or a person to turn to", maxlength: "500", required: true });
    const way = h("select", { "aria-label": "What the bot does with the hint", onchange: () => { hint.placeholder = PLACEHOLDERS[way.value]; } },
      h("option", { value: "steer" }, "Turn to"), h("option", { value: "say" }, "Say"));
    this.listening = h("button", { type: "button", "aria-pressed": "false", onclick: () => this.listen() }, "Listen in");
    this.taking = h("button", { type: "button", "aria-pressed": "false", onclick: () => this.takeOver() }, "Take over");
    this.hanging = h("button", { type: "button", class: "danger", onclick: () => this.hangUp() }, "Hang up");
    this.buttons = [this.listening, this.taking, this.hanging, way, hint];
    const send = (event) => {
      event.preventDefault();
      this.hinted = hint.value;
      this.ask(post(`live/${this.id}/hint`, { [way.value]: hint.value }), () => { hint.value = ""; announce("The hint was given."); });
    };
    const give = h("button", { type: "submit" }, "Give");
    this.buttons.push(give);
    return h("form", { class: "card-actions", onsubmit: send }, h("div", {}, way, hint, give), h("div", {}, this.listening, this.taking, this.hanging));
  }

  /** A figure that stands in no source is said only by an operator who means it, and that is noted. */
  answerFor(text) {
    const anyway = () => this.ask(post(`live/${this.id}/hint`, { say_anyway: text }), () => announce("The hint was given."));
    this.told.replaceChildren(h("div", { class: "notice", role: "alert" }, h("p", {}, "Not said: a number in it stands in no entry and in no tool’s result. ", h("q", {}, text)),
      h("button", { type: "button", onclick: anyway }, "Say it anyway")));
  }

  take(entry) {
    const changed = add(this.call, entry);
    if (changed) {
      const reading = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight > 40;
      const element = line(changed);
      const before = this.rows.get(changed);
      if (before) before.replaceWith(element);
      else this.log.append(element);
      this.rows.set(changed, element);
      while (this.call.rows.length > ROWS) {
        const oldest = this.call.rows.shift();
        this.rows.get(oldest)?.remove();
        this.rows.delete(oldest);
      }
      if (!reading) this.log.scrollTop = this.log.scrollHeight;
    }
    if (entry.kind === "policy" && !entry.allowed && entry.rule === UNFOUNDED && this.hinted) this.answerFor(this.hinted);
    this.show();
  }

  show() {
    const { call } = this;
    this.state.textContent = call.state;
    this.state.dataset.state = call.state;
    this.from.textContent = call.from || this.id;
    this.meters.bot.name(call.state === "With an operator" ? "Operator" : "Bot");
    const chip = (text, kind = "") => h("span", { class: `chip ${kind}` }, text);
    this.chips.replaceChildren(...[
      call.language && chip(call.language),
      chip(call.verified ? "Identity verified" : "Not identified", call.verified ? "good" : ""),
      call.emotion && chip(`${call.emotion.name} ${Math.round(call.emotion.confidence * 100)} %`, /anger|frustrat|angry/.test(call.emotion.name) ? "bad" : ""),
      chip(`Last turn ${millis(call.latency)}`, call.latency > 800 ? "warn" : ""),
      call.bargeIns > 0 && chip(`${call.bargeIns} barge-in${call.bargeIns > 1 ? "s" : ""}`),
      call.transport && chip(call.transport),
    ].filter(Boolean));
  }

  levels({ caller_db, bot_db }) {
    this.meters.caller.set(caller_db);
    this.meters.bot.set(bot_db);
  }

  tick() {
    if (!this.call.cause) this.time.textContent = clock(Date.now() - this.since);
  }

  async listen() {
    if (this.ear) return this.deafen();
    try {
      this.ear = await listen(this.id, () => this.deafen());
      this.listening.setAttribute("aria-pressed", "true");
      this.listening.textContent = "Stop listening";
    } catch (error) {
      this.told.replaceChildren(trouble(error));
    }
  }

  deafen() {
    const ear = this.ear;
    this.ear = null;
    ear?.close();
    this.listening.setAttribute("aria-pressed", "false");
    this.listening.textContent = "Listen in";
  }

  /** The operator speaks with the caller until the button is pressed again; then the bot goes on. */
  async takeOver() {
    if (this.seat) {
      const { id } = this;
      return this.ask(post(`live/${id}/give-back`), () => { this.leave(); announce("The bot goes on."); });
    }
    this.taking.disabled = true;
    this.told.replaceChildren();
    try {
      this.seat = await takeOver(this.id, () => this.leave());
      this.taking.setAttribute("aria-pressed", "true");
      this.taking.textContent = "Give back";
      announce("The bot tells the caller; then you are joined.");
    } catch (error) {
      this.told.replaceChildren(trouble(error));
    } finally {
      this.taking.disabled = false;
    }
  }

  leave() {
    const seat = this.seat;
    this.seat = null;
    seat?.close();
    this.taking.setAttribute("aria-pressed", "false");
    this.taking.textContent = "Take over";
  }

  /** The first press asks, the second within four seconds does it. */
  hangUp() {
    if (this.sure) return this.ask(post(`live/${this.id}/hang-up`), () => announce("The call is ended."));
    this.hanging.textContent = "Really hang up?";
    this.sure = setTimeout(() => { this.sure = null; this.hanging.textContent = "Hang up"; }, 4000);
  }

  async ask(request, done) {
    this.told.replaceChildren();
    try {
      await request;
      done();
    } catch (error) {
      this.told.replaceChildren(trouble(error));
    }
  }

  over() {
    if (!this.call.cause) this.call.state = "Ended";
    this.element.classList.add("over");
    this.leave();
    this.buttons.forEach((button) => { button.disabled = true; });
    this.levels({ caller_db: FLOOR_DB, bot_db: FLOOR_DB });
    this.show();
  }

  remove() {
    clearTimeout(this.sure);
    this.ear?.close();
    this.seat?.close();
    this.element.remove();
  }
}

/** A row of a conversation. */
export function line(row) {
  const who = { caller: "Caller", bot: "Bot", hint: "Hint", mark: "" }[row.who];
  return h("p", { class: `line ${row.who}${row.partial ? " partial" : ""}${row.lost ? " lost" : ""}` },
    who ? h("span", { class: "who" }, who) : null,
    h("span", { class: "what" }, row.text),
    row.cut !== null && row.cut !== undefined ? h("span", { class: "cut" }, row.cut ? `Cut off; heard: “${row.cut}”` : "Cut off before anything was heard") : null);
}

function meter(name) {
  const bar = h("div", { class: "bar" });
  const label = h("span", { "aria-hidden": "true" });
  const element = h("div", { class: "meter", role: "meter", "aria-valuemin": FLOOR_DB, "aria-valuemax": "0", "aria-valuenow": FLOOR_DB }, label, h("div", { class: "track" }, bar));
  const called = (who) => {
    label.textContent = who;
    element.setAttribute("aria-label", `${who}'s level`);
  };
  called(name);
  const set = (db) => {
    const shown = Math.max(FLOOR_DB, Math.min(0, db));
    bar.style.transform = `scaleX(${(shown - FLOOR_DB) / -FLOOR_DB})`;
    element.setAttribute("aria-valuenow", Math.round(shown));
  };
  return { element, set, name: called };
}
