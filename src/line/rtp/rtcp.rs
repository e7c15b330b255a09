//! The RTCP we send: sender reports and good-byes (RFC 3550 section 6).
//! Never holds state; what we receive is of no use to a bot and is not read.

use super::stats::ReceiveStats;

const SENDER_REPORT: u8 = 200;
const SOURCE_DESCRIPTION: u8 = 202;
const GOODBYE: u8 = 203;
const CNAME: u8 = 1;

/// What a sender report says of our own stream.
#[derive(Debug, Clone, Copy)]
pub struct Sent {
    /// Our synchronisation source.
    pub ssrc: u32,
    /// Seconds since the session began, as a 32.32 fixed-point number (RFC 3550 section 4 allows it in place of a clock).
    pub elapsed: u64,
    /// RTP timestamp of now.
    pub timestamp: u32,
    /// Packets sent.
    pub packets: u32,
    /// Payload octets sent.
    pub octets: u32,
}

/// A compound packet: sender report with a block on what is received, and the source's canonical name.
pub fn sender_report(sent: Sent, received: &mut ReceiveStats) -> Vec<u8> {
    let mut out = Vec::with_capacity(80);
    let block = received.report_block();
    put_header(&mut out, u8::from(block.is_some()), SENDER_REPORT, if block.is_some() { 12 } else { 6 });
    out.extend(sent.ssrc.to_be_bytes());
    out.extend(sent.elapsed.to_be_bytes());
    out.extend(sent.timestamp.to_be_bytes());
    out.extend(sent.packets.to_be_bytes());
    out.extend(sent.octets.to_be_bytes());
    out.extend(block.iter().flatten());
    put_name(&mut out, sent.ssrc);
    out
}

/// A compound packet that ends our stream (RFC 3550 section 6.6).
pub fn bye(sent: Sent, received: &mut ReceiveStats) -> Vec<u8> {
    let mut out = sender_report(sent, received);
    put_header(&mut out, 1, GOODBYE, 1);
    out.extend(sent.ssrc.to_be_bytes());
    out
}

fn put_header(out: &mut Vec<u8>, count: u8, kind: u8, words: u16) {
    out.extend([0x80 | count, kind]);
    out.extend(words.to_be_bytes());
}

/// The canonical name holds nothing but the SSRC: a host name would be nobody's business (RFC 7022).
fn put_name(out: &mut Vec<u8>, ssrc: u32) {
    let name = format!("{ssrc:08x}");
    put_header(out, 1, SOURCE_DESCRIPTION, 4);
    out.extend(ssrc.to_be_bytes());
    out.extend([CNAME, name.len() as u8]);
    out.extend(name.as_bytes());
    out.extend([0; 2]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_compound_packet_is_whole_words_and_its_lengths_add_up() {
        let sent = Sent { ssrc: 7, elapsed: 1 << 32, timestamp: 8_000, packets: 50, octets: 8_000 };
        let packet = bye(sent, &mut ReceiveStats::default());
        let (mut at, mut kinds) = (0, Vec::new());
        while at < packet.len() {
            kinds.push(packet[at + 1]);
            at += 4 * (usize::from(u16::from_be_bytes([packet[at + 2], packet[at + 3]])) + 1);
        }
        assert_eq!((at, kinds), (packet.len(), vec![200, 202, 203]));
    }
}
