//! Keys as an operator meets them: first start, wrong permissions, rotations that are stopped half-way.

use super::*;
use crate::store::config::KeySource;

fn config() -> PrivacyConfig {
    PrivacyConfig::default()
}

fn someone(n: u8) -> Pseudonym {
    Pseudonym::from_bytes([n; 16])
}

/// A vault with keys of three callers.
fn vault(data: &Path) -> (Vault, Vec<[u8; 32]>) {
    let vault = Vault::open(data, &config()).expect("first start");
    let held = vault.hold().expect("nobody else");
    let keys = (1..=3).map(|n| *vault.key_or_new(someone(n), &held).expect("made").reveal()).collect();
    drop(held);
    (vault, keys)
}

#[track_caller]
fn assert_all_there(vault: &Vault, keys: &[[u8; 32]]) {
    let now = (1..=3).map(|n| *vault.key(someone(n)).expect("readable").expect("there").reveal());
    assert!(now.eq(keys.iter().copied()), "every caller's key is what it was");
}

#[test]
fn the_same_number_is_the_same_caller_after_a_restart_and_another_elsewhere() {
    let (here, there) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let number = Pii::new("+8613800138000".to_owned());
    let of = |data: &Path| Vault::open(data, &config()).unwrap().caller(&number).expect("a number");
    assert_eq!(of(here.path()), of(here.path()));
    assert_ne!(of(here.path()), of(there.path()));
    let vault = Vault::open(here.path(), &config()).unwrap();
    let [a, b] = ["a", "b"].map(|id| vault.caller_of(&Pii::default(), &CallId::new(id).unwrap()));
    assert_ne!(a, b, "callers without a number share no key");
}

#[test]
fn looking_somebody_up_makes_no_key_and_a_used_folder_is_told_from_a_fresh_one() {
    let data = tempfile::tempdir().unwrap();
    assert!(matches!(Vault::existing(data.path(), &config()), Err(KeyError::NoKeys(_))));
    assert!(!data.path().join("keys").exists());
    let (vault, _) = vault(data.path());
    assert!(vault.key(someone(9)).unwrap().is_none());
    assert!(Vault::existing(data.path(), &config()).is_ok());
}

#[cfg(unix)]
#[test]
fn a_master_key_that_others_may_read_is_refused_with_what_to_do() {
    use std::os::unix::fs::PermissionsExt;
    let data = tempfile::tempdir().unwrap();
    drop(vault(data.path()));
    let file = data.path().join("keys/master.key");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&file, fs::Permissions::from_mode(0o640)).unwrap();
    let error = Vault::open(data.path(), &config()).err().expect("exposed").to_string();
    assert!(error.contains("mode 640") && error.contains("chmod 600"), "{error}");
}

#[test]
fn no_key_lies_on_disk_in_the_clear() {
    let data = tempfile::tempdir().unwrap();
    let (_, keys) = vault(data.path());
    for entry in fs::read_dir(data.path().join("keys/callers")).unwrap().flatten() {
        let text = fs::read_to_string(entry.path()).unwrap();
        assert!(keys.iter().all(|key| !text.contains(&hex::encode(key))));
    }
}

#[test]
fn a_rotation_wraps_every_key_anew_and_the_old_master_key_opens_nothing() {
    let data = tempfile::tempdir().unwrap();
    let (vault, keys) = vault(data.path());
    let path = data.path().join("keys/master.key");
    let old = fs::read(&path).unwrap();
    assert_eq!(vault.rotate().unwrap(), Rotation { rewrapped: 4, keys: 4 });
    assert_all_there(&vault, &keys);
    assert_all_there(&Vault::open(data.path(), &config()).unwrap(), &keys);
    assert_ne!(fs::read(&path).unwrap(), old);
    files::write(&path, &old).unwrap();
    let error = Vault::open(data.path(), &config()).err().expect("another master key").to_string();
    assert!(error.contains("previous_master_key"), "{error}");
}

#[test]
fn a_line_that_is_running_reads_and_makes_keys_through_a_rotation() {
    let data = tempfile::tempdir().unwrap();
    let (running, keys) = vault(data.path());
    Vault::open(data.path(), &config()).unwrap().rotate().unwrap();
    assert_all_there(&running, &keys);
    let held = running.hold().unwrap();
    let new = *running.key_or_new(someone(7), &held).unwrap().reveal();
    drop(held);
    let after = Vault::open(data.path(), &config()).unwrap();
    assert_eq!(*after.key(someone(7)).unwrap().expect("wrapped by the new one").reveal(), new);
}

#[test]
fn a_rotation_stopped_anywhere_loses_nothing_and_goes_on() {
    for stopped_after in 0..4 {
        let data = tempfile::tempdir().unwrap();
        let (vault, keys) = vault(data.path());
        vault.prepare_next().unwrap();
        for label in vault.labels().unwrap().iter().take(stopped_after) {
            vault.rewrap(label).unwrap();
        }
        let restarted = Vault::open(data.path(), &config()).unwrap();
        assert_all_there(&restarted, &keys);
        assert_eq!(restarted.rotate().unwrap().rewrapped, 4 - stopped_after);
        assert_all_there(&Vault::open(data.path(), &config()).unwrap(), &keys);
        assert!(!data.path().join("keys/master.key.next").exists());
    }
}

#[test]
fn with_only_the_next_master_key_left_a_rotation_is_finished() {
    let data = tempfile::tempdir().unwrap();
    let (vault, keys) = vault(data.path());
    vault.prepare_next().unwrap();
    vault.labels().unwrap().iter().for_each(|label| assert!(vault.rewrap(label).unwrap()));
    fs::remove_file(data.path().join("keys/master.key")).unwrap();
    let restarted = Vault::open(data.path(), &config()).unwrap();
    assert_all_there(&restarted, &keys);
    restarted.rotate().unwrap();
    assert_all_there(&Vault::open(data.path(), &config()).unwrap(), &keys);
}

#[test]
fn a_master_key_comes_from_a_command_and_is_rotated_there() {
    let data = tempfile::tempdir().unwrap();
    let print = |digit: &str| KeySource::Command(vec!["printf".to_owned(), digit.repeat(64)]);
    let first = PrivacyConfig { master_key: print("a"), ..config() };
    let vault = Vault::open(data.path(), &first).unwrap();
    let held = vault.hold().unwrap();
    let key = *vault.key_or_new(someone(1), &held).unwrap().reveal();
    drop(held);
    assert!(!data.path().join("keys/master.key").exists());
    assert!(vault.rotate().unwrap_err().to_string().contains("previous_master_key"), "nothing to rotate to");

    let both = PrivacyConfig { master_key: print("b"), previous_master_key: Some(print("a")), ..config() };
    assert_eq!(Vault::open(data.path(), &both).unwrap().rotate().unwrap(), Rotation { rewrapped: 2, keys: 2 });
    let second = PrivacyConfig { master_key: print("b"), ..config() };
    assert_eq!(*Vault::open(data.path(), &second).unwrap().key(someone(1)).unwrap().unwrap().reveal(), key);
    assert!(matches!(Vault::open(data.path(), &first), Err(KeyError::Foreign(_))));
}

#[test]
fn a_source_without_a_key_says_what_is_wrong_with_it() {
    let data = tempfile::tempdir().unwrap();
    let command = |words: &[&str]| KeySource::Command(words.iter().map(|word| (*word).to_owned()).collect());
    let cases = [
        (KeySource::Environment("HOTLINE_TEST_NO_SUCH_KEY".to_owned()), "not set"),
        (command(&["false"]), "failed"),
        (command(&["printf", "secret"]), "64 hexadecimal digits"),
        (command(&["/nowhere/at/all"]), "cannot be started"),
        (command(&[]), "is empty"),
    ];
    for (source, expected) in cases {
        let error =
            Vault::open(data.path(), &PrivacyConfig { master_key: source, ..config() }).err().expect("no key").to_string();
        assert!(error.contains(expected) && !error.contains("secret"), "{error}");
    }
}

#[test]
fn a_key_under_another_name_or_with_a_flipped_bit_opens_nothing() {
    let data = tempfile::tempdir().unwrap();
    let (vault, _) = vault(data.path());
    let [one, two] = [1, 2].map(|n| vault.path(&label(someone(n))));
    fs::copy(&one, &two).unwrap();
    assert!(matches!(vault.key(someone(2)), Err(KeyError::Altered(path)) if path == two));
    let flipped = fs::read_to_string(&one).unwrap().trim_end().to_owned();
    let last = if flipped.ends_with('0') { "1" } else { "0" };
    fs::write(&one, flipped.strip_suffix(|_: char| true).unwrap().to_owned() + last).unwrap();
    assert!(matches!(vault.key(someone(1)), Err(KeyError::Altered(_))));
}
