//! Keys as RTP telephone events (RFC 4733): reading them off a stream, and writing them.
//! Never tells one press twice, and never misses one because its end packets were lost.

use std::collections::VecDeque;

use crate::talk::Digit;

use super::pacer::TICK;

const END: u8 = 0x80;
/// Volume of the events we send: -10 dBm0.
const VOLUME: u8 = 10;
/// Packets of 20 ms that a key of ours is held.
const HELD: u16 = 5;
/// The last packet is sent three times (RFC 4733 section 2.5.1.4).
const ENDS: u16 = 3;
/// Silent ticks after each key.
const PAUSE: u16 = 4;

/// Reads keys off the events of one call.
#[derive(Debug, Default)]
pub struct EventReceiver {
    last: Option<Seen>,
}

#[derive(Debug, Clone, Copy)]
struct Seen {
    event: u8,
    timestamp: u32,
    duration: u16,
    ended: bool,
}

impl EventReceiver {
    /// Takes the payload of an event packet; gives the key at the first packet of each press.
    ///
    /// A press is one pair of event and timestamp. What is older than the last press is a late copy; the same event
    /// that begins where the last segment reached its longest duration is the same press going on.
    pub fn receive(&mut self, timestamp: u32, payload: &[u8]) -> Option<Digit> {
        let &[event, flags, high, low, ..] = payload else { return None };
        let seen = Seen { event, timestamp, duration: u16::from_be_bytes([high, low]), ended: flags & END != 0 };
        let fresh = match self.last {
            None => true,
            Some(last) if last.timestamp == timestamp => last.event != event && last.ended,
            Some(last) if (timestamp.wrapping_sub(last.timestamp) as i32) < 0 => return None,
            Some(last) => {
                !(last.event == event && !last.ended && timestamp == last.timestamp.wrapping_add(u32::from(last.duration)))
            }
        };
        if !fresh && self.last.is_some_and(|last| last.event != event) {
            return None;
        }
        self.last = Some(seen);
        if fresh { Digit::from_event(event) } else { None }
    }
}

/// Writes keys as events, one packet a tick.
#[derive(Debug, Default)]
pub struct EventSender {
    waiting: VecDeque<Digit>,
    pressed: Option<(Digit, u32, u16)>,
}

/// What a tick sends for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventPacket {
    /// Timestamp of the event's start.
    pub started: u32,
    /// First packet of the event.
    pub marker: bool,
    /// Event, end bit and volume, duration.
    pub payload: [u8; 4],
}

/// What the keypad does in a tick.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keypad {
    /// No key is pressed: sound goes out.
    Idle,
    /// The pause between two keys.
    Pause,
    /// This goes out instead of sound.
    Press(EventPacket),
}

impl EventSender {
    /// Presses a key after those that wait already.
    pub fn press(&mut self, digit: Digit) {
        self.waiting.push_back(digit);
    }

    /// Whether every key has been sent.
    pub fn is_idle(&self) -> bool {
        self.pressed.is_none() && self.waiting.is_empty()
    }

    /// What goes out in the tick whose timestamp is `now`.
    pub fn tick(&mut self, now: u32) -> Keypad {
        if self.pressed.is_none() {
            self.pressed = self.waiting.pop_front().map(|digit| (digit, now, 0));
        }
        let Some((digit, started, step)) = self.pressed else { return Keypad::Idle };
        self.pressed = (step + 1 < HELD + ENDS + PAUSE).then_some((digit, started, step + 1));
        if step >= HELD + ENDS {
            return Keypad::Pause;
        }
        let duration = (step + 1).min(HELD + 1) * TICK as u16;
        let end = if step >= HELD { END } else { 0 };
        let [high, low] = duration.to_be_bytes();
        Keypad::Press(EventPacket { started, marker: step == 0, payload: [digit.event(), end | VOLUME, high, low] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn presses(packets: &[(u32, u8, bool, u16)]) -> String {
        let mut receiver = EventReceiver::default();
        packets
            .iter()
            .filter_map(|&(ts, event, end, duration)| {
                let [high, low] = duration.to_be_bytes();
                receiver.receive(ts, &[event, if end { END } else { 0 } | 10, high, low])
            })
            .map(Digit::as_char)
            .collect()
    }

    #[test]
    fn a_press_is_told_once_however_often_its_packets_come() {
        assert_eq!(presses(&[(100, 4, false, 160), (100, 4, false, 320), (100, 4, true, 480), (100, 4, true, 480)]), "4");
    }

    #[test]
    fn the_same_key_twice_is_two_presses_even_when_all_end_packets_are_lost() {
        assert_eq!(presses(&[(100, 4, false, 160), (2_000, 4, false, 160), (2_000, 4, false, 320)]), "44");
    }

    #[test]
    fn a_press_of_which_only_the_end_came_counts() {
        assert_eq!(presses(&[(100, 11, true, 800)]), "#");
    }

    #[test]
    fn late_copies_of_an_earlier_key_are_ignored() {
        assert_eq!(presses(&[(100, 1, false, 160), (2_000, 2, false, 160), (100, 1, true, 800), (2_000, 2, true, 800)]), "12");
    }

    #[test]
    fn a_very_long_press_in_segments_is_one_press() {
        assert_eq!(presses(&[(100, 5, false, 65_535), (65_635, 5, false, 160), (65_635, 5, true, 320)]), "5");
    }

    #[test]
    fn keys_that_share_a_timestamp_are_told_apart_by_their_end_bits() {
        assert_eq!(presses(&[(100, 1, false, 160), (100, 1, true, 320), (100, 2, false, 160), (100, 2, true, 320)]), "12");
    }

    #[test]
    fn garbage_and_other_events_are_no_key() {
        let mut receiver = EventReceiver::default();
        assert_eq!(receiver.receive(1, &[]), None);
        assert_eq!(receiver.receive(1, &[1, 2, 3]), None);
        assert_eq!(receiver.receive(9, &[16, 0, 0, 160]), None, "hook flash");
    }

    #[test]
    fn what_we_send_reads_back() {
        let (mut sender, mut receiver) = (EventSender::default(), EventReceiver::default());
        for key in "42##".chars() {
            sender.press(Digit::from_char(key).expect("a key"));
        }
        let mut heard = String::new();
        for tick in 0..100u32 {
            if let Keypad::Press(packet) = sender.tick(tick * TICK) {
                heard.extend(receiver.receive(packet.started, &packet.payload).map(Digit::as_char));
            }
        }
        assert_eq!(heard, "42##");
        assert!(sender.is_idle());
    }
}
