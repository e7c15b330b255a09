// What runs in the page before the widget: notes what it asks of the browser, gives it a microphone, listens to the bot.
// Never touches the widget itself, nor what the browser does with sound.

/** Given to `addInitScript`; everything must stand inside. */
export function watch({ microphone, speaker }) {
  window.seen = { microphone: 0, sockets: [], peers: [], events: [] };
  const { seen } = window;
  const LOUD = 0.012;
  let context;
  let out;

  for (const name of ["call-started", "transcript", "tool", "ended"]) {
    window.addEventListener(name, (event) => seen.events.push({ name, detail: event.detail, composed: event.composed, at: performance.now() }));
  }
  const query = navigator.permissions?.query.bind(navigator.permissions);
  if (query) navigator.permissions.query = async (asked) => (asked.name === "microphone" ? { state: microphone } : query(asked));

  const devices = navigator.mediaDevices;
  const open = devices?.getUserMedia.bind(devices);
  if (open) {
    devices.getUserMedia = async (constraints) => {
      seen.microphone += 1;
      if (microphone === "denied") throw new DOMException("Permission denied", "NotAllowedError");
      return speaker === "device" ? open(constraints) : plugged();
    };
  }

  /** One clock for what is said and what is heard. */
  async function sound() {
    if (context) return context;
    context = new AudioContext({ sampleRate: 48_000, latencyHint: "interactive" });
    const tap = `registerProcessor("tap", class extends AudioWorkletProcessor {
      process([input]) { if (input[0]) this.port.postMessage([currentTime, input[0].slice()]); return true; }
    })`;
    await context.audioWorklet.addModule(URL.createObjectURL(new Blob([tap], { type: "text/javascript" })));
    return context;
  }

  /** A microphone, which is never without samples. */
  async function plugged() {
    out = (await sound()).createMediaStreamDestination();
    const floor = new ConstantSourceNode(context, { offset: 0 });
    floor.connect(out);
    floor.start();
    return out.stream;
  }

  window.mic = {
    async say(base64) {
      const bytes = Uint8Array.from(atob(base64), (sign) => sign.charCodeAt(0));
      const buffer = await (await sound()).decodeAudioData(bytes.buffer);
      const samples = buffer.getChannelData(0);
      const isLoud = (sample) => Math.abs(sample) > LOUD;
      const at = context.currentTime + 0.05;
      const source = new AudioBufferSourceNode(context, { buffer });
      source.connect(out);
      source.start(at);
      return { first: at + samples.findIndex(isLoud) / 48_000, last: at + samples.findLastIndex(isLoud) / 48_000 };
    },
  };

  /** The bot's sound as it comes out of the peer connection: blocks of 128 samples with their times and peaks. */
  const blocks = [];
  window.heard = {
    async of(stream) {
      await sound();
      const tap = new AudioWorkletNode(context, "tap");
      tap.port.onmessage = ({ data: [at, samples] }) => blocks.push({ at, samples, peak: samples.reduce((peak, one) => Math.max(peak, Math.abs(one)), 0) });
      context.createMediaStreamSource(stream).connect(tap).connect(new GainNode(context, { gain: 0 })).connect(context.destination);
    },
    now: () => context?.currentTime ?? 0,
    /** Seconds since the bot was last audible. */
    quietFor: () => (context && blocks.length > 0 ? blocks.at(-1).at - (blocks.findLast(({ peak }) => peak > LOUD)?.at ?? -1) : 0),
    /** When the bot is first audible after that moment; nothing if it is not yet. */
    firstAfter: (moment) => blocks.find(({ at, peak }) => at > moment && peak > LOUD)?.at,
    /** The level in decibels over 20 ms windows from one moment to another. */
    levels(from, to) {
      const levels = [];
      for (let at = from; at < to; at += 0.02) {
        const window = blocks.filter((block) => block.at >= at && block.at < at + 0.02).flatMap(({ samples }) => [...samples]);
        const energy = window.reduce((sum, sample) => sum + sample * sample, 0) / Math.max(1, window.length);
        levels.push(10 * Math.log10(energy + 1e-10));
      }
      return levels;
    },
    /** Everything from one moment to another, 16 kHz, -32768..32767. */
    recorded(from, to) {
      const samples = blocks.filter(({ at }) => at >= from && at < to).flatMap(({ samples: block }) => [...block]);
      const third = (n) => (samples[n * 3] + samples[n * 3 + 1] + samples[n * 3 + 2]) / 3;
      return Array.from({ length: Math.floor(samples.length / 3) }, (_, n) => Math.round(third(n) * 32_767));
    },
  };

  window.RTCPeerConnection = class extends window.RTCPeerConnection {
    constructor(...given) {
      super(...given);
      seen.peers.push(this);
      this.addEventListener("track", ({ track, streams }) => void window.heard.of(streams[0] ?? new MediaStream([track])));
    }
  };
  window.WebSocket = class extends window.WebSocket {
    constructor(...given) {
      super(...given);
      seen.sockets.push(this);
    }
  };
}
