/**
 * The WebSocket to the server, which comes back by itself.
 * Never decides what a message means, nor gives up while the page stands.
 */

import { parseMessage, type PageMessage, type ServerMessage } from "./protocol.ts";

const FIRST_DELAY_MS = 400;
const LONGEST_DELAY_MS = 10_000;
/** A server that is there and yet takes no connection so many times will not take this token. */
const MAX_REFUSALS = 5;
/** What waits to be sent while the connection is away. */
const MAX_QUEUED = 50;
/** "policy violation" and our own code for a token that is not taken. */
const REFUSALS = [1008, 4401, 4403];

export interface LinkEvents {
  message(message: ServerMessage): void;
  /** The connection went away; it is being tried again. */
  lost(): void;
  /** The token is no longer taken: a new one is needed. */
  refused(): void;
}

export interface LinkOptions {
  url: string;
  on: LinkEvents;
  /** What the server says of the token, asked when a connection could not be opened. */
  standing(): Promise<Standing>;
}

export type Standing = "taken" | "refused" | "unreachable";

/** How long to wait before attempt `failures + 1`; `chance` in 0..1 spreads pages that lost the same server. */
export function delayMs(failures: number, chance: number): number {
  const whole = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** Math.max(0, failures - 1));
  return Math.round(whole * (0.75 + chance / 2));
}

export class Link {
  private socket: WebSocket | undefined;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private failures = 0;
  private refusals = 0;
  private ready = false;
  private closed = false;
  private queue: PageMessage[] = [];

  constructor(private readonly options: LinkOptions) {
    addEventListener("online", this.hurry);
    this.connect();
  }

  /** Sends, or keeps until the conversation is there again. */
  send(message: PageMessage): void {
    if (this.ready && this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
    else if (this.queue.length < MAX_QUEUED) this.queue.push(message);
  }

  close(): void {
    this.closed = true;
    clearTimeout(this.timer);
    removeEventListener("online", this.hurry);
    this.socket?.close(1000);
  }

  private connect(): void {
    this.timer = undefined;
    const socket = new WebSocket(this.options.url);
    this.socket = socket;
    let opened = false;
    socket.onopen = () => (opened = true);
    socket.onmessage = (event) => this.receive(socket, event.data);
    socket.onclose = (event) => void this.lose(socket, event.code, opened);
  }

  private receive(socket: WebSocket, frame: unknown): void {
    const message = parseMessage(frame);
    if (this.closed || socket !== this.socket || !message) return;
    this.options.on.message(message);
    if (message.type === "ready") this.flush();
  }

  private flush(): void {
    this.ready = true;
    this.failures = 0;
    this.refusals = 0;
    for (const message of this.queue.splice(0)) this.send(message);
  }

  private async lose(socket: WebSocket, code: number, opened: boolean): Promise<void> {
    if (this.closed || socket !== this.socket) return;
    this.ready = false;
    this.failures += 1;
    if (REFUSALS.includes(code)) return this.options.on.refused();
    this.options.on.lost();
    const standing = opened ? "taken" : await this.options.standing();
    if (this.closed) return;
    if (!opened && standing === "taken") this.refusals += 1;
    if (standing === "refused" || this.refusals > MAX_REFUSALS) return this.options.on.refused();
    this.timer = setTimeout(() => this.connect(), delayMs(this.failures, Math.random()));
  }

  /** The network is back: no reason to wait for the timer. */
  private readonly hurry = (): void => {
    if (this.closed || this.ready || this.timer === undefined) return;
    clearTimeout(this.timer);
    this.failures = 0;
    this.connect();
  };
}
