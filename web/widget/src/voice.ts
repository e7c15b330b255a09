/**
 * The call's sound over WebRTC: offer and answer, late candidates, ICE restart, and a second dialling when all else fails.
 * Never shows anything, and never opens the microphone: it is given one.
 */

import { Refused, type Answered, type Api } from "./api.ts";
import { delayMs } from "./link.ts";
import { fragment, restarted } from "./sdp.ts";

/** Candidates are gathered so long before they are sent together. */
const TRICKLE_MS = 60;
/** A short gap of the network heals by itself. */
const PATIENCE_MS = 3_000;
/** A first connection, or one that was restarted, must be there by then. */
const CONNECT_MS = 15_000;
const MAX_DIALS = 5;

export interface VoiceEvents {
  connected(): void;
  /** The sound is interrupted and is being brought back. */
  interrupted(): void;
  /** There will be no sound any more. */
  failed(error: unknown): void;
  heard(stream: MediaStream): void;
}

export interface VoiceOptions {
  api: Api;
  token: string;
  iceServers: RTCIceServer[];
  microphone: MediaStream;
  on: VoiceEvents;
}

export class Voice {
  private peer: RTCPeerConnection | undefined;
  private answered: Answered | undefined;
  private late: RTCIceCandidate[] = [];
  private gathered = false;
  private trickling: ReturnType<typeof setTimeout> | undefined;
  private patience: ReturnType<typeof setTimeout> | undefined;
  private dials = 0;
  private restarts = 0;
  private closed = false;

  constructor(private readonly options: VoiceOptions) {
    void this.dial();
  }

  /** The microphone was changed for another one. */
  async replace(track: MediaStreamTrack): Promise<void> {
    await this.peer?.getSenders()[0]?.replaceTrack(track);
  }

  /** Ends the call; the server is told. */
  hangUp(): void {
    this.closed = true;
    const { api, token } = this.options;
    if (this.answered) api.hangUp(token, this.answered.location).catch(() => undefined);
    this.drop();
  }

  private async dial(): Promise<void> {
    this.drop();
    this.dials += 1;
    this.restarts = 0;
    const peer = new RTCPeerConnection({ iceServers: this.options.iceServers, bundlePolicy: "max-bundle" });
    this.peer = peer;
    for (const track of this.options.microphone.getAudioTracks()) peer.addTrack(track, this.options.microphone);
    peer.ontrack = ({ track, streams }) => this.options.on.heard(streams[0] ?? new MediaStream([track]));
    peer.onicecandidate = ({ candidate }) => this.found(candidate);
    peer.onconnectionstatechange = () => this.changed(peer);
    this.wait(CONNECT_MS);
    try {
      await peer.setLocalDescription(await peer.createOffer());
      const answered = await this.options.api.call(this.options.token, peer.localDescription?.sdp ?? "");
      if (peer !== this.peer) return;
      this.answered = answered;
      await peer.setRemoteDescription({ type: "answer", sdp: answered.sdp });
      this.trickle();
    } catch (error) {
      if (peer === this.peer) this.again(error);
    }
  }

  private changed(peer: RTCPeerConnection): void {
    if (peer !== this.peer) return;
    switch (peer.connectionState) {
      case "connected":
        clearTimeout(this.patience);
        this.dials = 0;
        this.restarts = 0;
        this.options.on.connected();
        break;
      case "disconnected":
        this.options.on.interrupted();
        this.wait(PATIENCE_MS);
        break;
      case "failed":
        this.options.on.interrupted();
        void this.restart();
        break;
      case "new":
      case "connecting":
      case "closed":
        break;
    }
  }

  private wait(ms: number): void {
    clearTimeout(this.patience);
    this.patience = setTimeout(() => void this.restart(), ms);
  }

  /** New ICE credentials for the same call; where the server has none to give, a new call in the same conversation. */
  private async restart(): Promise<void> {
    const { peer, answered } = this;
    if (this.closed || !peer) return;
    this.restarts += 1;
    if (!answered || this.restarts > 1) return this.again(new Refused(0, "no_path", "no candidate pair works"));
    this.wait(CONNECT_MS);
    try {
      this.gathered = false;
      this.late = [];
      await peer.setLocalDescription(await peer.createOffer({ iceRestart: true }));
      const local = peer.localDescription?.sdp ?? "";
      const { token, api } = this.options;
      const renewed = await api.patch(token, answered.location, "*", fragment(local, [], false));
      if (peer !== this.peer) return;
      if (!renewed.fragment) throw new Refused(200, "no_restart", "the server has no new credentials");
      this.answered = { ...answered, sdp: restarted(answered.sdp, renewed.fragment), etag: renewed.etag };
      await peer.setRemoteDescription({ type: "answer", sdp: this.answered.sdp });
      this.trickle();
    } catch (error) {
      if (peer === this.peer) this.again(error);
    }
  }

  /** Dials anew after a while, unless the server said no or it was tried often enough. */
  private again(error: unknown): void {
    if (this.closed) return;
    const refused = !this.answered && error instanceof Refused && error.status >= 400 && error.status < 500;
    if (refused || this.dials >= MAX_DIALS) {
      this.hangUp();
      this.options.on.failed(error);
      return;
    }
    this.drop();
    this.patience = setTimeout(() => void this.dial(), delayMs(this.dials, Math.random()));
  }

  private found(candidate: RTCIceCandidate | null): void {
    if (candidate?.candidate) this.late.push(candidate);
    else this.gathered = true;
    clearTimeout(this.trickling);
    this.trickling = setTimeout(() => this.trickle(), TRICKLE_MS);
  }

  /** A candidate that comes too late is no reason to end a call: ICE goes on with the others. */
  private trickle(): void {
    const { answered, peer } = this;
    const sdp = peer?.localDescription?.sdp;
    if (!answered || !sdp || (this.late.length === 0 && !this.gathered)) return;
    const body = fragment(sdp, this.late.splice(0), this.gathered);
    this.gathered = false;
    this.options.api.patch(this.options.token, answered.location, answered.etag, body).catch(() => undefined);
  }

  private drop(): void {
    clearTimeout(this.trickling);
    clearTimeout(this.patience);
    this.peer?.close();
    this.peer = undefined;
    this.answered = undefined;
    this.late = [];
    this.gathered = false;
  }
}
