//! A recorded call, as somebody who listens to it finds it.

use std::fs;
use std::io::Cursor;
use std::path::Path;
use std::sync::Arc;

use hotline::audio::{Frame, MediaTime, SampleRate};
use hotline::privacy::Pii;
use hotline::store::recording::{CallRecording, Recorder, read, recorder};
use hotline::store::{PrivacyConfig, StoreError, Vault};
use hotline::talk::CallId;

const RATE: SampleRate = SampleRate::HZ_8000;

fn id() -> CallId {
    CallId::new("20261122-151923-kqzt").expect("a call id")
}

fn frame(value: i16, rate: SampleRate) -> Frame {
    Frame::new(&[value; 960], rate, MediaTime::ZERO)
}

fn vault(data: &Path) -> Arc<Vault> {
    Arc::new(Vault::open(data, &PrivacyConfig::default()).expect("keys"))
}

fn open(recorder: &Recorder, vault: &Vault) -> CallRecording {
    recorder.open(id(), vault.caller_of(&Pii::default(), &id()), RATE)
}

/// The samples of the recording made by `call`, caller and bot in turn.
fn recorded(call: impl FnOnce(&mut CallRecording)) -> Vec<i16> {
    let data = tempfile::tempdir().expect("a folder");
    let vault = vault(data.path());
    let (recorder, writer) = recorder(&vault);
    call(&mut open(&recorder, &vault));
    drop(recorder);
    writer.run();
    let mut wav = Cursor::new(Vec::new());
    assert_eq!(read(&vault, &id(), &mut wav).expect("a recording"), []);
    wav.set_position(0);
    let mut wav = hound::WavReader::new(wav).expect("a whole wav");
    assert_eq!((wav.spec().channels, wav.spec().sample_rate), (2, RATE.hz()));
    wav.samples().collect::<Result<_, _>>().expect("16-bit samples")
}

#[test]
fn caller_is_left_and_bot_is_right_and_silence_is_kept() {
    let stereo = recorded(|call| {
        call.tick(MediaTime::from_millis(0), Some(&frame(100, RATE)), None);
        call.tick(MediaTime::from_millis(20), None, Some(&frame(-7, RATE)));
    });
    assert_eq!(stereo.len(), 2 * 320);
    assert_eq!((&stereo[..2], &stereo[638..]), (&[100, 0][..], &[0, -7][..]));
}

#[test]
fn a_missing_tick_leaves_silence_so_that_both_sides_stay_aligned() {
    let stereo = recorded(|call| {
        for tick in (0..50).filter(|tick| !(10..25).contains(tick)) {
            call.tick(MediaTime::from_millis(tick * 20), Some(&frame(1 + tick as i16, RATE)), None);
        }
    });
    assert_eq!(stereo.len(), 2 * 50 * 160);
    for tick in 0..50 {
        let expected = if (10..25).contains(&tick) { 0 } else { 1 + tick as i16 };
        assert_eq!(stereo[tick * 320], expected, "tick {tick}");
    }
}

#[test]
fn frames_of_another_rate_are_brought_to_the_recordings() {
    let stereo = recorded(|call| {
        let ramp: Vec<i16> = (0..320).collect();
        let bot = Frame::new(&ramp, SampleRate::HZ_16000, MediaTime::ZERO);
        call.tick(MediaTime::ZERO, Some(&frame(5, SampleRate::HZ_48000)), Some(&bot));
    });
    assert_eq!((stereo[0], stereo[318], stereo[1], stereo[3], stereo[319]), (5, 5, 0, 2, 318));
}

#[test]
fn a_refusing_disk_ends_the_recording_and_nothing_else() {
    let data = tempfile::tempdir().expect("a folder");
    fs::write(data.path().join("calls"), "a file where a folder should be").expect("written");
    let vault = vault(data.path());
    let (recorder, writer) = recorder(&vault);
    let counts = recorder.counts();
    let mut call = open(&recorder, &vault);
    for tick in 0..100 {
        call.tick(MediaTime::from_millis(tick * 20), None, None);
    }
    drop((call, recorder));
    writer.run();
    assert_eq!(counts.failed(), 1, "told once, then given up");
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_ends_the_recording_and_nothing_else() {
    let data = tempfile::tempdir().expect("a folder");
    let folder = data.path().join("calls").join(id().as_str());
    fs::create_dir_all(&folder).expect("a fresh folder");
    // /dev/full takes an open and refuses every write with ENOSPC.
    std::os::unix::fs::symlink("/dev/full", folder.join("recording.sealed")).expect("a link");
    let vault = vault(data.path());
    let (recorder, writer) = recorder(&vault);
    let counts = recorder.counts();
    let mut call = open(&recorder, &vault);
    for tick in 0..500 {
        call.tick(MediaTime::from_millis(tick * 20), None, None);
    }
    drop((call, recorder));
    writer.run();
    assert_eq!((counts.failed(), counts.dropped()), (1, 0));
}

#[test]
fn a_flipped_byte_silences_its_second_and_is_reported() {
    let data = tempfile::tempdir().expect("a folder");
    let vault = vault(data.path());
    let (recorder, writer) = recorder(&vault);
    let mut call = open(&recorder, &vault);
    for tick in 0..150 {
        call.tick(MediaTime::from_millis(tick * 20), Some(&frame(5, RATE)), Some(&frame(7, RATE)));
    }
    drop((call, recorder));
    writer.run();
    let path = data.path().join("calls").join(id().as_str()).join("recording.sealed");
    let mut bytes = fs::read(&path).expect("written");
    assert!(!bytes.windows(8).any(|w| w == [5, 0, 7, 0, 5, 0, 7, 0]), "no sound in the clear");
    let middle = bytes.len() / 2;
    bytes[middle] ^= 1;
    fs::write(&path, bytes).expect("altered");
    let mut wav = Cursor::new(Vec::new());
    let damage = read(&vault, &id(), &mut wav).expect("a recording");
    assert_eq!(damage.iter().map(|d| (d.file, d.record)).collect::<Vec<_>>(), [("recording.sealed", 3)]);
    wav.set_position(0);
    let samples: Vec<i16> = hound::WavReader::new(wav).expect("a wav").samples().collect::<Result<_, _>>().expect("samples");
    assert_eq!(samples.len(), 2 * 3 * 8_000, "the rest stays where it was");
    assert_eq!((samples[15_999], samples[16_000], samples[32_000]), (7, 0, 5));
}

#[test]
fn a_call_without_sound_says_how_to_get_one() {
    let data = tempfile::tempdir().expect("a folder");
    let error = read(&vault(data.path()), &id(), Cursor::new(Vec::new())).expect_err("none");
    assert!(matches!(error, StoreError::NoRecording(_)) && error.to_string().contains("stereo"));
}
