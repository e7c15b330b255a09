// What the entries of a call tell: who said what, what was cut off, and how things stand.
// Never asks the server; the wall and a call's page read the same entries.

/** A call of which nothing is known yet. */
export function story() {
  return { from: "", transport: "", state: "Ringing", rows: [], language: null, emotion: null, verified: false, latency: null, bargeIns: 0, cause: null };
}

/** Adds an entry; the row that changed, if one did. */
export function add(call, entry) {
  const { kind } = entry;
  if (kind === "call_started") Object.assign(call, { from: entry.from, transport: entry.transport, codec: entry.codec, state: "Answered" });
  else if (kind === "speech_started") call.state = "Caller speaks";
  else if (kind === "speech_ended") call.state = "Thinking";
  else if (kind === "transcript") return heard(call, entry);
  else if (kind === "reply") return said(call, entry);
  else if (kind === "reply_started") call.state = "Bot speaks";
  else if (kind === "reply_ended") return ended(call, entry);
  else if (kind === "barge_in") { call.bargeIns += 1; return row(call, entry, "mark", `Caller interrupts; the bot stops after ${entry.after_ms} ms`); }
  else if (kind === "digit") return row(call, entry, "mark", "Caller presses a key");
  else if (kind === "pack") call.pack = `${entry.name} ${entry.version}`;
  else if (kind === "rating") { call.rating = entry.stars; return row(call, entry, "mark", `Satisfaction: ${entry.stars} of 5`); }
  else if (kind === "joined") { call.state = entry.with === "operator" ? "With an operator" : "Thinking"; return row(call, entry, "mark", entry.with === "operator" ? "An operator takes over" : "The bot goes on"); }
  else if (kind === "hint") return row(call, entry, "hint", entry.way === "steer" ? `Turn to: ${entry.text}` : `Say: ${entry.text}`);
  else if (kind === "policy") return entry.allowed ? null : row(call, entry, "mark", `Refused: ${entry.what} (${entry.rule})`);
  else if (kind === "tool") return row(call, entry, "mark", `${entry.name}: ${entry.ok ? "done" : "failed"} in ${entry.ms} ms`);
  else if (kind === "feeling") call.emotion = { name: entry.emotion, confidence: entry.confidence };
  else if (kind === "identity") { call.verified = entry.verified; return row(call, entry, "mark", entry.verified ? "Identity verified" : "Identity no longer verified"); }
  else if (kind === "latency") call.latency = entry.total_ms;
  else if (kind === "call_ended") { call.cause = entry.cause; call.state = "Ended"; return row(call, entry, "mark", `Ended: ${entry.cause}`); }
  else if (kind === "events_lost") return row(call, entry, "mark", `${entry.count} events are missing here`);
  return null;
}

function row(call, entry, who, text) {
  const added = { who, text, t_ms: entry.t_ms, turn: entry.turn };
  call.rows.push(added);
  return added;
}

function heard(call, entry) {
  call.language = entry.language;
  const text = entry.text.trim() === "" ? "(not understood)" : entry.text;
  const last = call.rows.findLast((one) => one.who === "caller" && one.turn === entry.turn && one.partial);
  const changed = last ?? row(call, entry, "caller", text);
  Object.assign(changed, { text, partial: !entry.final, lost: entry.final && entry.text.trim() === "" });
  return changed;
}

function said(call, entry) {
  const last = call.rows.at(-1);
  if (last?.who === "bot" && last.turn === entry.turn && !last.over) {
    last.text += ` ${entry.text}`;
    return last;
  }
  return row(call, entry, "bot", entry.text);
}

function ended(call, entry) {
  call.state = "Listening";
  const last = call.rows.findLast((one) => one.who === "bot" && !one.over);
  if (last) Object.assign(last, { over: true, cut: entry.interrupted ? entry.heard : null });
  return last ?? null;
}
