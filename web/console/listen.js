// Listening in: a call's sound, caller left and bot right, a moment late.
// Never opens the microphone.

/** How far playing stays behind, so that the network may stutter. */
const BEHIND_S = 0.15;
/** Later than this, what is late is left out. */
const LATE_S = 1;

/** Plays a call until `close` is called or it is over, which `ended` is told. */
export function listen(id, ended) {
  const context = new AudioContext();
  const scheme = location.protocol === "https:" ? "wss:" : "ws:";
  const socket = new WebSocket(`${scheme}//${location.host}/console/api/live/${id}/listen`);
  socket.binaryType = "arraybuffer";
  let [rate, next] = [8000, 0];
  const play = (bytes) => {
    const samples = new DataView(bytes);
    const buffer = context.createBuffer(2, bytes.byteLength / 4, rate);
    for (const side of [0, 1]) {
      const channel = buffer.getChannelData(side);
      for (let i = 0; i < channel.length; i += 1) channel[i] = samples.getInt16(4 * i + 2 * side, true) / 32768;
    }
    if (next < context.currentTime || next > context.currentTime + LATE_S) next = context.currentTime + BEHIND_S;
    const source = context.createBufferSource();
    source.buffer = buffer;
    source.connect(context.destination);
    source.start(next);
    next += buffer.duration;
  };
  const close = () => {
    socket.onclose = null;
    socket.close();
    if (context.state !== "closed") context.close();
  };
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve({ close });
    socket.onerror = () => { close(); reject(new Error("The call cannot be listened to; it may be over.")); };
    socket.onclose = () => { close(); ended(); };
    socket.onmessage = ({ data }) => {
      if (typeof data === "string") rate = JSON.parse(data).rate;
      else play(data);
    };
  });
}
