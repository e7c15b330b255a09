/**
 * What a page that is loaded anew needs to go on: kept in this tab alone, and gone with it.
 * Never keeps sound or photos.
 */

import type { Session } from "./api.ts";
import { isRecord, type LanguageChoice } from "./protocol.ts";
import type { Line, Thread } from "./thread.ts";

const MAX_LINES = 80;

export interface Kept {
  session: Session;
  conversation: string;
  language: LanguageChoice;
  thread: Thread;
}

export class Memory {
  private readonly key: string;

  constructor(server: string) {
    this.key = `hotline-talk ${server}`;
  }

  save(kept: Kept): void {
    const thread = kept.thread.slice(-MAX_LINES).map(lasting);
    this.attempt(() => sessionStorage.setItem(this.key, JSON.stringify({ ...kept, thread })));
  }

  /** The conversation this tab was in, while its token is still good. */
  load(nowMs: number): Kept | undefined {
    const stored = this.attempt(() => sessionStorage.getItem(this.key));
    const kept: unknown = stored ? this.attempt(() => JSON.parse(stored)) : undefined;
    if (!isRecord(kept) || !isRecord(kept["session"]) || !Array.isArray(kept["thread"])) return undefined;
    const { expiresAt } = kept["session"];
    return typeof expiresAt === "number" && expiresAt > nowMs ? (kept as unknown as Kept) : undefined;
  }

  forget(): void {
    this.attempt(() => sessionStorage.removeItem(this.key));
  }

  /** Browsers may forbid storage; then a reload begins anew. */
  private attempt<T>(storage: () => T): T | undefined {
    try {
      return storage();
    } catch {
      return undefined;
    }
  }
}

/** A preview's address dies with the page. */
function lasting(line: Line): Line {
  return line.kind === "photo" ? { ...line, photo: { ...line.photo, preview: "" } } : line;
}
