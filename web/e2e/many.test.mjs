// Many browser calls at once: one page with twenty peer connections, each a call of its own.
// Never a figure of the browser's: what is counted is the line's own processor time.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { cpus } from "node:os";
import { after, before, test } from "node:test";
import { openLine, visit } from "./line.mjs";

const CALLS = Number(process.env.HOTLINE_E2E_CALLS ?? 20);
/** So long is counted, while every bot speaks its greeting. */
const SECONDS = 6;
/** What Linux counts processor time in (`USER_HZ`). */
const TICKS_A_SECOND = 100;
let line;

before(async () => {
  line = await openLine();
});
after(() => line?.close());

/** Processor seconds that the line has used: the fields utime and stime of proc(5). */
function used() {
  const fields = readFileSync(`/proc/${line.pid}/stat`, "utf8").split(") ")[1].split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
}

/** In the page: so many calls, each with a session of its own; resolves when all are connected. */
async function dial(calls) {
  // The page's own class listens to every call: that would be the browser's work, not the line's.
  const Peer = Object.getPrototypeOf(window.RTCPeerConnection);
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: true });
  const one = async () => {
    const session = await (await fetch("/v1/widget/sessions", { method: "POST" })).json();
    const peer = new Peer({ iceServers: session.ice_servers });
    microphone.getTracks().forEach((track) => peer.addTrack(track, microphone));
    await peer.setLocalDescription();
    await new Promise((done) => (peer.iceGatheringState === "complete" ? done() : peer.addEventListener("icegatheringstatechange", () => peer.iceGatheringState === "complete" && done())));
    const headers = { Authorization: `Bearer ${session.token}`, "Content-Type": "application/sdp" };
    const answer = await fetch("/v1/widget/calls", { method: "POST", headers, body: peer.localDescription.sdp });
    if (answer.status !== 201) throw new Error(`${answer.status} ${await answer.text()}`);
    const up = new Promise((done) => peer.addEventListener("connectionstatechange", () => peer.connectionState === "connected" && done()));
    await peer.setRemoteDescription({ type: "answer", sdp: await answer.text() });
    await up;
    return peer;
  };
  window.calls = await Promise.all(Array.from({ length: calls }, one));
}

/** In the page: what each call has received so far. */
const received = () => Promise.all(window.calls.map(async (peer) => {
  const inbound = [...(await peer.getStats()).values()].find(({ type }) => type === "inbound-rtp");
  return { packets: inbound?.packetsReceived ?? 0, lost: inbound?.packetsLost ?? 0 };
}));

test(`${CALLS} browser calls at once are all answered, and none misses a packet`, async () => {
  const page = await visit(line);
  try {
    await page.evaluate(dial, CALLS);
    while ((await page.evaluate(received)).some(({ packets }) => packets === 0)) await page.waitForTimeout(100);
    const [before, spent] = [await page.evaluate(received), used()];
    await page.waitForTimeout(SECONDS * 1000);
    const [now, then] = [await page.evaluate(received), used()];
    const rates = now.map(({ packets }, n) => (packets - before[n].packets) / SECONDS);
    const share = (100 * (then - spent)) / SECONDS;
    const slowest = Math.min(...rates);
    const lost = now.reduce((sum, one) => sum + one.lost, 0);
    console.log(JSON.stringify({ calls: rates.length, processors: cpus().length, cpu_percent_of_one: Number(share.toFixed(1)), cpu_percent_a_call: Number((share / CALLS).toFixed(2)), slowest_packets_a_second: Number(slowest.toFixed(1)), lost }));
    assert.equal(rates.length, CALLS);
    assert.ok(slowest > 45, `a packet each 20 ms on every call: ${rates}`);
    assert.equal(lost, 0);
  } finally {
    await page.context().close();
  }
});
