import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { delayMs, Link, type Standing } from "../src/link.ts";

class FakeSocket {
  static all: FakeSocket[] = [];
  static readonly OPEN = 1;
  readyState = 0;
  sent: string[] = [];
  onopen?: () => void;
  onmessage?: (event: { data: string }) => void;
  onclose?: (event: { code: number }) => void;

  constructor(readonly url: string) {
    FakeSocket.all.push(this);
  }

  send(frame: string): void {
    this.sent.push(frame);
  }

  close(): void {
    this.readyState = 3;
  }

  /** The server takes it and is ready. */
  ready(): void {
    this.readyState = 1;
    this.onopen?.();
    this.onmessage?.({ data: '{"type":"ready","conversation":"c"}' });
  }

  drop(code = 1006): void {
    this.readyState = 3;
    this.onclose?.({ code });
  }
}

let standing: Standing;
const on = { message: vi.fn(), lost: vi.fn(), refused: vi.fn() };
const open = () => new Link({ url: "ws://line/talk", on, standing: async () => standing });
const last = () => FakeSocket.all.at(-1)!;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.clearAllMocks();
  FakeSocket.all = [];
  standing = "taken";
});

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe("a link that is lost", () => {
  it("comes back to the same address, and sends what was written meanwhile", async () => {
    const link = open();
    last().ready();
    last().drop();
    expect(on.lost).toHaveBeenCalledOnce();
    link.send({ type: "text", text: "still here" });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(FakeSocket.all).toHaveLength(2);
    last().ready();
    expect(last().sent).toEqual(['{"type":"text","text":"still here"}']);
    link.close();
  });

  it("tries on for ever while the network is away, at most so often", async () => {
    standing = "unreachable";
    const link = open();
    for (let minute = 0; minute < 60; minute += 1) {
      last().drop();
      await vi.advanceTimersByTimeAsync(60_000);
    }
    expect(on.refused).not.toHaveBeenCalled();
    expect(FakeSocket.all.length).toBe(61);
    link.close();
  });

  it("does not wait for its timer once the network is back", async () => {
    standing = "unreachable";
    const link = open();
    last().drop();
    await vi.advanceTimersByTimeAsync(0);
    window.dispatchEvent(new Event("online"));
    expect(FakeSocket.all).toHaveLength(2);
    link.close();
  });

  it("asks for a new token when its own is refused, by code or by status", async () => {
    open();
    last().ready();
    last().drop(4401);
    expect(on.refused).toHaveBeenCalledOnce();
    standing = "refused";
    open();
    last().drop();
    await vi.advanceTimersByTimeAsync(0);
    expect(on.refused).toHaveBeenCalledTimes(2);
  });

  it("is not brought back once it was closed", async () => {
    const link = open();
    last().ready();
    link.close();
    last().drop();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(FakeSocket.all).toHaveLength(1);
  });
});

it("waiting grows to a bound, and chance spreads it", () => {
  expect(delayMs(1, 0.5)).toBe(400);
  expect(delayMs(3, 0.5)).toBe(1_600);
  expect(delayMs(40, 0.5)).toBe(10_000);
  expect(delayMs(1, 0)).toBeLessThan(delayMs(1, 1));
});
