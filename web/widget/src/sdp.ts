/**
 * The few lines of SDP that trickling needs (RFC 8840, RFC 9725 section 4.3).
 * Never parses more of it than candidates and ICE credentials.
 */

/** The fragment that tells late candidates, or, without any, new credentials. */
export function fragment(local: string, candidates: readonly RTCIceCandidate[], isLast: boolean): string {
  const lines = [...values(local, "a=ice-ufrag:", "a=ice-pwd:")];
  const media = local.match(/^m=.*$/m)?.[0] ?? "m=audio 9 UDP/TLS/RTP/SAVPF 0";
  lines.push(media, `a=mid:${candidates[0]?.sdpMid ?? local.match(/^a=mid:(\S+)/m)?.[1] ?? "0"}`);
  for (const { candidate } of candidates) if (candidate) lines.push(`a=${candidate.replace(/^a=/, "")}`);
  if (isLast) lines.push("a=end-of-candidates");
  return `${lines.join("\r\n")}\r\n`;
}

/** The earlier answer with the credentials and candidates of a fragment: what an ICE restart is answered by. */
export function restarted(answer: string, fragment: string): string {
  const [ufrag, pwd] = values(fragment, "a=ice-ufrag:", "a=ice-pwd:");
  if (!ufrag || !pwd) return answer;
  const candidates = lines(fragment).filter((line) => /^a=(candidate:|end-of-candidates)/.test(line));
  const kept = lines(answer).filter((line) => !/^a=(candidate:|end-of-candidates)/.test(line));
  const renewed = kept.map((line) => (line.startsWith("a=ice-ufrag:") ? ufrag : line.startsWith("a=ice-pwd:") ? pwd : line));
  return `${[...renewed, ...candidates].join("\r\n")}\r\n`;
}

/** The first line with each prefix. */
function values(sdp: string, ...prefixes: string[]): string[] {
  return prefixes.flatMap((prefix) => lines(sdp).find((line) => line.startsWith(prefix)) ?? []);
}

function lines(sdp: string): string[] {
  return sdp.split(/\r?\n/).filter((line) => line !== "");
}
