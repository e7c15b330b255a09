/**
 * What is heard and said in the page: the microphone, the loudspeaker, and how loud each is.
 * Never records anything, and never opens the microphone unasked.
 */

import type { StringKey } from "./strings.ts";

/** Quieter than this draws no bar; at full scale it draws all of it. */
const FLOOR_DB = -60;
const CONSTRAINTS: MediaStreamConstraints = {
  audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1 },
};

/** Will the browser ask the visitor before it gives the microphone? */
export async function permission(): Promise<"granted" | "denied" | "prompt"> {
  try {
    return (await navigator.permissions.query({ name: "microphone" as PermissionName })).state;
  } catch {
    return "prompt";
  }
}

/** The microphone, after the browser has asked the visitor where it must. */
export async function openMicrophone(): Promise<MediaStream> {
  if (!navigator.mediaDevices?.getUserMedia) throw new DOMException("no mediaDevices", "SecurityError");
  return navigator.mediaDevices.getUserMedia(CONSTRAINTS);
}

/** What to tell the visitor when the microphone cannot be had. */
export function whyNot(error: unknown): StringKey {
  switch (error instanceof Error ? error.name : "") {
    case "NotFoundError":
    case "OverconstrainedError":
      return "noMicrophone";
    case "NotReadableError":
    case "AbortError":
      return "busyMicrophone";
    case "SecurityError":
      return window.isSecureContext ? "refusedMicrophone" : "insecure";
    default:
      return "refusedMicrophone";
  }
}

export function stop(stream: MediaStream | undefined): void {
  for (const track of stream?.getTracks() ?? []) track.stop();
}

/** 0 at silence, 1 at full scale, even in decibels between. */
export function loudness(samples: Float32Array): number {
  let energy = 0;
  for (const sample of samples) energy += sample * sample;
  const db = 10 * Math.log10(energy / Math.max(1, samples.length) + 1e-12);
  return Math.min(1, Math.max(0, 1 - db / FLOOR_DB));
}

/** How loud streams are, asked as often as one likes. */
export class Meters {
  private readonly context = new AudioContext();
  private readonly samples = new Float32Array(512);

  constructor() {
    void this.context.resume();
  }

  /** A function that gives the stream's loudness now. */
  of(stream: MediaStream): () => number {
    const analyser = this.context.createAnalyser();
    analyser.fftSize = this.samples.length;
    this.context.createMediaStreamSource(stream).connect(analyser);
    return () => {
      analyser.getFloatTimeDomainData(this.samples);
      return loudness(this.samples);
    };
  }

  close(): void {
    void this.context.close();
  }
}

/** The bot's voice. It can be hushed at once, before the server has heard of it. */
export class Speaker {
  private readonly audio = new Audio();
  private timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    this.audio.autoplay = true;
    this.audio.setAttribute("playsinline", "");
  }

  play(stream: MediaStream): void {
    this.audio.srcObject = stream;
    // A page that was just loaded may sound only after it was touched.
    this.audio.play().catch(() => addEventListener("pointerdown", () => void this.audio.play().catch(() => undefined), { once: true }));
  }

  /** Silent until `speak`, or until what was on its way must have passed. */
  hush(longestMs: number): void {
    this.audio.muted = true;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.speak(), longestMs);
  }

  speak(): void {
    clearTimeout(this.timer);
    this.audio.muted = false;
  }

  close(): void {
    clearTimeout(this.timer);
    this.audio.pause();
    this.audio.srcObject = null;
  }
}
