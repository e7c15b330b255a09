import { describe, expect, it } from "vitest";
import { parseMessage } from "../src/protocol.ts";
import { fragment, restarted } from "../src/sdp.ts";
import { interfaceLanguage, strings } from "../src/strings.ts";
import { loudness } from "../src/sound.ts";

describe("messages of the server", () => {
  it("are taken in their known forms", () => {
    expect(parseMessage('{"type":"ready","conversation":"c1"}')).toEqual({ type: "ready", conversation: "c1" });
    expect(parseMessage('{"type":"caption","who":"bot","text":"Hi","final":true,"turn":3,"language":"en"}')).toEqual({ type: "caption", who: "bot", text: "Hi", final: true, turn: 3, language: "en" });
    expect(parseMessage('{"type":"state","state":"ended","cause":"bot"}')).toEqual({ type: "ended", cause: "bot" });
  });

  it.each(["", "{", "null", "[]", "7", '{"type":"later"}', '{"type":"caption","who":"cat","text":"miaow"}', '{"type":"caption","who":"bot","text":7}', '{"type":"state","state":"dancing"}'])(
    "are dropped when they are none: %s",
    (frame) => expect(parseMessage(frame)).toBeUndefined(),
  );

  it("are dropped when they are bytes", () => expect(parseMessage(new ArrayBuffer(2))).toBeUndefined());
});

describe("SDP fragments", () => {
  const local = "v=0\r\na=ice-ufrag:page\r\na=ice-pwd:secret\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\n";

  it("carry credentials, medium, candidates and their end", () => {
    const candidate = { candidate: "candidate:1 1 udp 1 192.0.2.1 5000 typ host", sdpMid: "0" } as RTCIceCandidate;
    expect(fragment(local, [candidate], true).split("\r\n")).toEqual([
      "a=ice-ufrag:page",
      "a=ice-pwd:secret",
      "m=audio 9 UDP/TLS/RTP/SAVPF 111",
      "a=mid:0",
      "a=candidate:1 1 udp 1 192.0.2.1 5000 typ host",
      "a=end-of-candidates",
      "",
    ]);
  });

  it("renew the answer's credentials and candidates, and nothing else", () => {
    const answer = "v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:old\r\na=ice-pwd:oldpwd\r\na=fingerprint:sha-256 AA\r\na=candidate:1 1 udp 1 192.0.2.9 1 typ host\r\n";
    const renewed = restarted(answer, "a=ice-ufrag:new\r\na=ice-pwd:newpwd\r\na=candidate:2 1 udp 1 192.0.2.9 2 typ host\r\n");
    expect(renewed).toBe("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=ice-ufrag:new\r\na=ice-pwd:newpwd\r\na=fingerprint:sha-256 AA\r\na=candidate:2 1 udp 1 192.0.2.9 2 typ host\r\n");
  });

  it("without credentials renew nothing", () => expect(restarted(local, "a=mid:0\r\n")).toBe(local));
});

describe("the interface's language", () => {
  it("is the one chosen, else the browser's first that we speak", () => {
    expect(interfaceLanguage("zh", ["en-GB"])).toBe("zh");
    expect(interfaceLanguage("auto", ["fr-FR", "zh-CN", "en"])).toBe("zh");
    expect(interfaceLanguage("auto", ["fr"])).toBe("en");
  });

  it("has every sentence in both, with the same places to fill", () => {
    const [en, zh] = [strings("en"), strings("zh")];
    for (const key of Object.keys(en) as (keyof typeof en)[]) {
      expect(zh[key], key).not.toBe("");
      expect(zh[key].match(/\{\w+\}/g), key).toEqual(en[key].match(/\{\w+\}/g));
    }
  });
});

it("loudness is 0 in silence and 1 at full scale, even in decibels between", () => {
  expect(loudness(new Float32Array(64))).toBe(0);
  expect(loudness(new Float32Array(64).fill(1))).toBeCloseTo(1);
  expect(loudness(new Float32Array(64).fill(10 ** (-30 / 20)))).toBeCloseTo(0.5, 1);
});
