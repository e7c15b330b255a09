/**
 * One visitor's conversation: consent, token, WebSocket, call and thread, in the order they may happen.
 * Never draws: every change is a new `Model` given to `show`, and host events are given to `tell`.
 */

import { Api, Refused } from "./api.ts";
import { Link } from "./link.ts";
import { Memory } from "./memory.ts";
import { EMPTY, type Model } from "./model.ts";
import { fit } from "./photo.ts";
import { DIGITS, type LanguageChoice, type PageMessage, type ServerMessage } from "./protocol.ts";
import { Meters, openMicrophone, permission, Speaker, stop, whyNot } from "./sound.ts";
import type { StringKey } from "./strings.ts";
import * as thread from "./thread.ts";
import { Voice } from "./voice.ts";

/** What the server had sent before it heard of an interruption has passed by then. */
const HUSH_MS = 1_500;

/** What the page that embeds us is told. */
export interface HostEvents {
  "call-started": { conversation: string; voice: boolean };
  transcript: { who: "caller" | "bot"; text: string; final: boolean; turn?: number; language?: string };
  tool: { name: string; ok: boolean };
  ended: { cause: string };
}

export interface TalkOptions {
  server: string;
  language: LanguageChoice;
  show(model: Model): void;
  tell<K extends keyof HostEvents>(name: K, detail: HostEvents[K]): void;
}

/** How loud caller and bot are now, 0..1. */
export interface Levels {
  caller: number;
  bot: number;
}

/** What exists only while the microphone is open. */
interface Sound {
  voice: Voice;
  microphone: MediaStream;
  speaker: Speaker;
  meters: Meters;
  caller: () => number;
  bot: () => number;
}

export class Talk {
  private readonly api: Api;
  private readonly memory: Memory;
  private model: Model;
  private link: Link | undefined;
  private sound: Sound | undefined;
  /** A microphone that was opened while its call is not dialled yet. */
  private waiting: MediaStream | undefined;
  private conversation = "";

  constructor(private readonly options: TalkOptions) {
    this.api = new Api(options.server);
    this.memory = new Memory(options.server);
    this.model = { ...EMPTY, language: options.language };
  }

  /** Goes on with this tab's conversation, or asks for a new one and for consent. */
  async begin(): Promise<void> {
    const kept = this.memory.load(Date.now());
    if (kept) {
      this.conversation = kept.conversation;
      const { session, language } = kept;
      this.change({ stage: "talk", session, language, thread: kept.thread, photos: session.maxUploadBytes > 0, alert: undefined });
      this.connect(false);
      return;
    }
    this.change({ ...EMPTY, language: this.model.language });
    try {
      const session = await this.api.session(this.model.language);
      this.change({ stage: "welcome", session, photos: session.maxUploadBytes > 0 });
    } catch (error) {
      this.change({ stage: "failed", alert: { key: sentence(error) } });
    }
  }

  /** Is this tab in a conversation that a page loaded anew goes on with? */
  isKept(): boolean {
    return this.memory.load(Date.now()) !== undefined;
  }

  /** The visitor has read what is disclosed, and goes on by text. */
  agreeText(): void {
    if (this.model.stage !== "welcome" && this.model.stage !== "primer") return;
    this.change({ stage: "talk", alert: undefined });
    this.connect(false);
  }

  /** The visitor has read what is disclosed, and wants to speak; also later, from a conversation by text. */
  async agreeVoice(): Promise<void> {
    const { stage, voice } = this.model;
    if ((stage !== "welcome" && stage !== "talk") || voice !== "off") return;
    const allowed = await permission();
    if (allowed === "prompt" && stage === "welcome") this.change({ stage: "primer" });
    else await this.allow();
  }

  /** The visitor knows what the browser will ask. */
  async allow(): Promise<void> {
    this.change({ stage: "talk", voice: "asking", alert: undefined });
    try {
      const microphone = await openMicrophone();
      if (this.model.stage !== "talk" || this.model.voice !== "asking") return stop(microphone);
      this.waiting = microphone;
      this.change({ voice: "connecting" });
      if (this.model.link === "open") this.dial();
      else this.connect(true);
    } catch (error) {
      if (this.model.stage !== "talk") return;
      this.change({ voice: "off", alert: { key: whyNot(error) }, thread: thread.add(this.model.thread, { kind: "note", note: "noteTextOnly" }) });
      this.connect(false);
    }
  }

  sendText(text: string): void {
    const typed = text.trim();
    if (typed === "" || this.model.stage !== "talk") return;
    const id = thread.nextId(this.model.thread);
    this.change({ thread: thread.add(this.model.thread, { kind: "typed", text: typed, delivery: "waiting" }), alert: undefined });
    this.send({ type: "text", text: typed });
    this.options.tell("transcript", { who: "caller", text: typed, final: true });
    if (this.model.link === "open") this.change({ thread: thread.deliver(this.model.thread, id, "sent") });
  }

  sendDigit(digit: string): void {
    if (!DIGITS.some((known) => known === digit) || this.model.stage !== "talk") return;
    this.send({ type: "digit", digit });
    this.change({ digits: this.model.digits + 1 });
  }

  /** Silences the bot: here at once, there as soon as the message arrives. */
  interrupt(): void {
    if (this.model.stage !== "talk") return;
    this.sound?.speaker.hush(HUSH_MS);
    this.change({ thread: thread.bargeIn(this.model.thread) });
    this.send({ type: "interrupt" });
  }

  choose(language: LanguageChoice): void {
    if (language === this.model.language) return;
    this.change({ language });
    if (this.model.stage === "talk") this.send({ type: "language", language });
  }

  mute(muted: boolean): void {
    for (const track of this.sound?.microphone.getAudioTracks() ?? []) track.enabled = !muted;
    this.change({ muted });
  }

  async sendPhoto(file: File): Promise<void> {
    const { session, stage } = this.model;
    if (!session || !this.model.photos || stage !== "talk") return;
    const small = await fit(file, session.imageTypes, session.maxUploadBytes);
    if (!small) return this.change({ alert: { key: file.type.startsWith("image/") ? "photoTooLarge" : "photoKind" } });
    const id = thread.nextId(this.model.thread);
    const photo = { preview: URL.createObjectURL(small), name: file.name, codes: [] };
    this.change({ alert: undefined, thread: thread.add(this.model.thread, { kind: "photo", photo, delivery: "waiting" }) });
    try {
      const codes = await this.api.photo(session.token, small, file.name || "photo.jpg");
      this.change({ thread: thread.deliver(this.model.thread, id, "sent", codes) });
    } catch (error) {
      const absent = error instanceof Refused && error.status === 404;
      const key = absent ? "photoNone" : sentence(error);
      this.change({ photos: !absent, alert: { key }, thread: thread.deliver(this.model.thread, id, "failed") });
    }
  }

  hangUp(): void {
    if (this.model.stage !== "talk") return;
    this.link?.send({ type: "hangup" });
    this.end("caller");
  }

  dismiss(): void {
    this.change({ alert: undefined });
  }

  levels(): Levels {
    const { sound, model } = this;
    return { caller: sound && !model.muted ? sound.caller() : 0, bot: sound?.bot() ?? 0 };
  }

  /** The element left the page: nothing stays open, and the conversation may be resumed. */
  leave(): void {
    this.link?.close();
    this.link = undefined;
    this.silence();
  }

  private connect(voice: boolean): void {
    const { session } = this.model;
    if (!session || this.link) return;
    this.change({ link: "connecting" });
    this.link = new Link({
      url: this.api.talkUrl(session.token, voice),
      standing: () => this.api.standing(session.token),
      on: {
        message: (message) => this.receive(message),
        lost: () => this.change({ link: "lost" }),
        refused: () => void this.renew(),
      },
    });
  }

  private receive(message: ServerMessage): void {
    switch (message.type) {
      case "ready":
        return this.ready(message.conversation);
      case "state":
        if (message.state === "speaking") this.sound?.speaker.speak();
        return this.change({ bot: message.state });
      case "caption": {
        const { type: _, ...said } = message;
        const before = this.model.thread;
        this.change({ thread: thread.caption(before, said) });
        if (!thread.isEcho(before, said)) this.options.tell("transcript", said);
        return;
      }
      case "barge_in":
        this.sound?.speaker.hush(HUSH_MS);
        return this.change({ thread: thread.bargeIn(this.model.thread) });
      case "tool":
        return this.options.tell("tool", { name: message.name, ok: message.ok });
      case "ended":
        return this.end(message.cause || "bot");
      case "error":
        return this.change({ alert: message.message ? { text: message.message } : { key: "failed" } });
    }
  }

  private ready(conversation: string): void {
    const known = this.conversation;
    const back = this.model.link === "lost";
    this.conversation = conversation;
    this.change({ link: "open", thread: thread.delivered(this.model.thread) });
    if (known !== "" && known !== conversation) this.note("noteFresh");
    else if (back) this.note("noteReconnected");
    if (this.waiting) this.dial();
    else if (known !== conversation) this.options.tell("call-started", { conversation, voice: false });
  }

  /** The token lapsed while we were away: a new one, and with it a new conversation. */
  private async renew(): Promise<void> {
    this.link?.close();
    this.link = undefined;
    this.silence();
    try {
      const session = await this.api.session(this.model.language);
      this.change({ session });
      this.connect(false);
    } catch (error) {
      this.change({ alert: { key: sentence(error) } });
      this.end("lost");
    }
  }

  private dial(): void {
    const { session } = this.model;
    const microphone = this.waiting;
    if (!session || !microphone) return;
    this.waiting = undefined;
    const speaker = new Speaker();
    const meters = new Meters();
    const voice = new Voice({
      api: this.api,
      token: session.token,
      iceServers: session.iceServers,
      microphone,
      on: {
        connected: () => this.connected(),
        interrupted: () => this.change({ voice: "interrupted" }),
        failed: (error) => this.voiceFailed(error),
        heard: (stream) => {
          speaker.play(stream);
          if (this.sound) this.sound.bot = meters.of(stream);
        },
      },
    });
    this.sound = { voice, microphone, speaker, meters, caller: meters.of(microphone), bot: () => 0 };
    for (const track of microphone.getAudioTracks()) track.onended = () => void this.unplugged();
  }

  private connected(): void {
    const first = this.model.voice === "connecting";
    this.change({ voice: "on" });
    if (!first) return;
    this.note("noteVoice");
    this.options.tell("call-started", { conversation: this.conversation, voice: true });
  }

  private voiceFailed(error: unknown): void {
    this.silence();
    const key = error instanceof Refused && error.status > 0 ? sentence(error) : "voiceLost";
    this.change({ alert: { key } });
    this.note("noteVoiceLost");
  }

  /** The microphone is gone: another one, if there is one. */
  private async unplugged(): Promise<void> {
    const { sound } = this;
    if (!sound) return;
    try {
      const microphone = await openMicrophone();
      const [track] = microphone.getAudioTracks();
      if (!track || sound !== this.sound) return stop(microphone);
      track.enabled = !this.model.muted;
      track.onended = () => void this.unplugged();
      await sound.voice.replace(track);
      this.sound = { ...sound, microphone, caller: sound.meters.of(microphone) };
    } catch (error) {
      this.silence();
      this.change({ alert: { key: whyNot(error) } });
    }
  }

  private end(cause: string): void {
    if (this.model.stage === "ended") return;
    this.link?.close();
    this.link = undefined;
    this.silence();
    this.memory.forget();
    this.conversation = "";
    this.change({ stage: "ended", link: "off", bot: "listening", thread: thread.close(this.model.thread) });
    this.options.tell("ended", { cause });
  }

  /** Microphone and call are off; the conversation may go on by text. */
  private silence(): void {
    stop(this.waiting);
    this.waiting = undefined;
    const { sound } = this;
    this.sound = undefined;
    if (sound) {
      sound.voice.hangUp();
      sound.speaker.close();
      sound.meters.close();
      for (const track of sound.microphone.getTracks()) track.onended = null;
      stop(sound.microphone);
    }
    this.change({ voice: "off", muted: false });
  }

  private send(message: PageMessage): void {
    this.link?.send(message);
  }

  private note(note: thread.NoteKey): void {
    this.change({ thread: thread.add(this.model.thread, { kind: "note", note }) });
  }

  private change(part: Partial<Model>): void {
    this.model = { ...this.model, ...part };
    const { session, stage, language } = this.model;
    if (stage === "talk" && session) this.memory.save({ session, conversation: this.conversation, language, thread: this.model.thread });
    this.options.show(this.model);
  }
}

function sentence(error: unknown): StringKey {
  return error instanceof Refused ? error.sentence : "failed";
}
