/**
 * The server's HTTP: a session's token, the call's offer and answer (WHIP, RFC 9725), photos.
 * Never keeps state: who calls holds the token and the call's address.
 */

import type { Standing } from "./link.ts";
import { isRecord, text, type Language, type LanguageChoice } from "./protocol.ts";
import type { StringKey } from "./strings.ts";

const TIMEOUT_MS = 15_000;
const UPLOAD_TIMEOUT_MS = 60_000;

/** What the visitor is told before anything is heard; `recording` is empty when nothing is recorded. */
export interface Disclosure {
  ai: string;
  recording: string;
}

export interface Session {
  token: string;
  /** Wall clock in milliseconds; no reconnection afterwards. */
  expiresAt: number;
  iceServers: RTCIceServer[];
  languages: Language[];
  disclosure: Partial<Record<Language, Disclosure>>;
  /** 0 when the server takes no photos. */
  maxUploadBytes: number;
  imageTypes: string[];
}

/** A call that the server answered: where to reach it, and which ICE session it is in. */
export interface Answered {
  sdp: string;
  location: string;
  etag: string;
}

/** The server answered with an error, or did not answer (status 0). */
export class Refused extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "Refused";
  }

  /** The sentence for the visitor, in words of ours: the server's are for engineers. */
  get sentence(): StringKey {
    switch (this.status) {
      case 0:
        return "offline";
      case 401:
      case 410:
        return "expired";
      case 403:
        return "forbidden";
      case 413:
        return "photoTooLarge";
      case 415:
        return "photoKind";
      case 429:
        return "tooMany";
      case 503:
        return "busy";
      default:
        return "failed";
    }
  }
}

export class Api {
  /** `server` is an origin, with a path where a proxy adds one, without a slash at its end. */
  constructor(readonly server: string) {}

  async session(language: LanguageChoice): Promise<Session> {
    const body = JSON.stringify({ language });
    const response = await this.ask("/v1/widget/sessions", { method: "POST", headers: { "Content-Type": "application/json" }, body });
    return session(await json(response), Date.now());
  }

  /** Where the WebSocket is. With `voice`, a call follows at once and greets; without, the bot greets in writing. */
  talkUrl(token: string, voice: boolean): string {
    const url = new URL(`${this.server}/v1/widget/talk`);
    url.protocol = url.protocol.replace("http", "ws");
    url.searchParams.set("token", token);
    if (voice) url.searchParams.set("voice", "1");
    return url.href;
  }

  async call(token: string, offer: string): Promise<Answered> {
    const headers = { ...bearer(token), "Content-Type": "application/sdp" };
    const response = await this.ask("/v1/widget/calls", { method: "POST", headers, body: offer });
    const location = response.headers.get("Location");
    if (!location) throw new Refused(response.status, "no_location", "the answer has no Location");
    return { sdp: await response.text(), location: this.within(location), etag: response.headers.get("ETag") ?? "" };
  }

  /** Late candidates: `etag` names their ICE session; `*` asks for a new one and gives the server's part of it. */
  async patch(token: string, location: string, etag: string, fragment: string): Promise<{ fragment: string; etag: string }> {
    const headers = { ...bearer(token), "Content-Type": "application/trickle-ice-sdpfrag", ...(etag ? { "If-Match": etag } : {}) };
    const response = await this.ask(location, { method: "PATCH", headers, body: fragment });
    return { fragment: response.status === 200 ? await response.text() : "", etag: response.headers.get("ETag") ?? "" };
  }

  async hangUp(token: string, location: string): Promise<void> {
    await this.ask(location, { method: "DELETE", headers: bearer(token), keepalive: true });
  }

  /** Codes that the server read on the photo. */
  async photo(token: string, file: Blob, name: string): Promise<string[]> {
    const body = new FormData();
    body.append("file", file, name);
    const response = await this.ask("/v1/widget/images", { method: "POST", headers: bearer(token), body }, UPLOAD_TIMEOUT_MS);
    const codes = (await json(response))["codes"];
    return Array.isArray(codes) ? codes.map(code).filter((value) => value !== "") : [];
  }

  /** A browser does not say why a WebSocket was refused; a plain request to the same place does. */
  async standing(token: string): Promise<Standing> {
    try {
      await this.ask(`/v1/widget/talk?token=${encodeURIComponent(token)}`, { method: "GET" });
      return "taken";
    } catch (error) {
      const status = error instanceof Refused ? error.status : 0;
      if (status === 0) return "unreachable";
      return [401, 403, 404, 410].includes(status) ? "refused" : "taken";
    }
  }

  /** The Location header is relative to the server, also behind a proxy's path. */
  private within(location: string): string {
    return new URL(location, `${this.server}/`).href;
  }

  private async ask(path: string, init: RequestInit, timeoutMs = TIMEOUT_MS): Promise<Response> {
    const url = path.startsWith("/") ? this.server + path : path;
    let response: Response;
    try {
      response = await fetch(url, { ...init, credentials: "omit", signal: AbortSignal.timeout(timeoutMs) });
    } catch (error) {
      throw new Refused(0, "unreachable", String(error));
    }
    if (response.ok) return response;
    throw await refusal(response);
  }
}

function bearer(token: string): Record<string, string> {
  return { Authorization: `Bearer ${token}` };
}

async function json(response: Response): Promise<Record<string, unknown>> {
  const body: unknown = await response.json().catch(() => undefined);
  if (isRecord(body)) return body;
  throw new Refused(response.status, "not_json", "the answer is no JSON object");
}

/** `{"error": "…", "fix": "…"}` and `{"error": {"code", "message"}}` both occur. */
async function refusal(response: Response): Promise<Refused> {
  const body: unknown = await response.json().catch(() => undefined);
  const error = isRecord(body) ? body["error"] : undefined;
  const fields = isRecord(error) ? error : { message: error };
  return new Refused(response.status, text(fields["code"]), text(fields["message"]));
}

/** A code is its text, or an object that holds it. */
function code(value: unknown): string {
  return isRecord(value) ? text(value["text"] ?? value["value"]) : text(value);
}

function session(fields: Record<string, unknown>, now: number): Session {
  const token = text(fields["token"]);
  if (!token) throw new Refused(200, "no_token", "the session has no token");
  const languages = list(fields["languages"]).filter((tag): tag is Language => tag === "en" || tag === "zh");
  const types = list(fields["image_types"]).map(text).filter((type) => type.startsWith("image/"));
  return {
    token,
    expiresAt: now + Number(fields["expires_s"] ?? 600) * 1000,
    iceServers: list(fields["ice_servers"]).filter((server): server is RTCIceServer & Record<string, unknown> => isRecord(server) && "urls" in server),
    languages: languages.length > 0 ? languages : ["en", "zh"],
    disclosure: disclosures(fields["disclosure"]),
    maxUploadBytes: Number(fields["max_upload_bytes"] ?? 0) || 0,
    imageTypes: types.length > 0 ? types : ["image/jpeg", "image/png", "image/webp"],
  };
}

function disclosures(value: unknown): Partial<Record<Language, Disclosure>> {
  const said: Partial<Record<Language, Disclosure>> = {};
  for (const language of ["en", "zh"] as const) {
    const one = isRecord(value) ? value[language] : undefined;
    if (isRecord(one)) said[language] = { ai: text(one["ai"]), recording: text(one["recording"]) };
  }
  return said;
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}
