// Taking a call over: this browser's microphone and the caller, joined by WebRTC.
// Never opens the microphone before the operator asks for it, and always closes it with the seat.

import { get, post } from "./api.js";

/** Longest wait for this browser's own addresses. */
const GATHERING_MS = 2000;

/** Takes a seat at this call; `left` is called when the connection is gone. */
export async function takeOver(id, left) {
  const { ice_servers: iceServers } = await get("seat");
  const microphone = await navigator.mediaDevices.getUserMedia({ audio: { echoCancellation: true, noiseSuppression: true } });
  const peer = new RTCPeerConnection({ iceServers });
  const player = new Audio();
  const close = () => {
    microphone.getTracks().forEach((track) => track.stop());
    player.srcObject = null;
    peer.close();
  };
  try {
    microphone.getAudioTracks().forEach((track) => peer.addTrack(track, microphone));
    peer.ontrack = ({ track, streams }) => {
      player.srcObject = streams[0] ?? new MediaStream([track]);
      player.play().catch(() => {});
    };
    peer.onconnectionstatechange = () => {
      if (["failed", "closed", "disconnected"].includes(peer.connectionState)) { close(); left(); }
    };
    await peer.setLocalDescription();
    await gathered(peer);
    const { sdp } = await post(`live/${id}/take-over`, { sdp: peer.localDescription.sdp });
    await peer.setRemoteDescription({ type: "answer", sdp });
  } catch (error) {
    close();
    throw error;
  }
  return { close };
}

/** Waits until this browser knows its addresses, and not for ever. */
function gathered(peer) {
  if (peer.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((done) => {
    const timer = setTimeout(done, GATHERING_MS);
    peer.addEventListener("icegatheringstatechange", () => {
      if (peer.iceGatheringState !== "complete") return;
      clearTimeout(timer);
      done();
    });
  });
}
