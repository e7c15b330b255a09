//! Every ready configuration in `sip-config/` is right, and says what it claims to.

#[path = "common/skip.rs"]
mod skip;

use std::path::{Path, PathBuf};
use std::process::Command;

use hotline::config::Config;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("sip-config")
}

fn read(file: &str) -> String {
    std::fs::read_to_string(folder().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

#[test]
fn every_configuration_is_right() {
    let files = std::fs::read_dir(folder()).expect("the folder").map(|file| file.expect("readable").path());
    let configurations: Vec<_> = files.filter(|path| path.extension().is_some_and(|e| e == "toml")).collect();
    assert!(configurations.len() >= 5, "{configurations:?}");
    for path in configurations {
        if let Err(error) = Config::load(Some(&path), []) {
            panic!("{error}");
        }
    }
}

#[test]
fn the_commented_file_holds_the_defaults() {
    let config = Config::load(Some(&folder().join("hotline.toml")), []).expect("right");
    assert_eq!(config, Config::default());
}

#[test]
fn the_readme_names_every_file() {
    let readme = read("README.md");
    for file in std::fs::read_dir(folder()).expect("the folder") {
        let name = file.expect("readable").file_name().to_string_lossy().into_owned();
        assert!(name == "README.md" || readme.contains(&name), "{name} is not in sip-config/README.md");
    }
}

#[test]
fn asterisk_finds_the_endpoint_that_the_extension_dials() {
    let (pjsip, extensions) = (read("asterisk/pjsip.conf"), read("asterisk/extensions.conf"));
    assert!(pjsip.contains("[hotline]\ntype = endpoint") && pjsip.contains("[hotline]\ntype = aor"));
    assert!(extensions.contains("Dial(PJSIP/hotline,"));
    let context = pjsip.lines().find_map(|line| line.strip_prefix("context = ")).expect("a context");
    assert!(extensions.contains(&format!("[{context}]")), "{context}");
}

#[test]
fn kamailio_accepts_its_configuration() {
    let checked = Command::new("kamailio").args(["-c", "-f"]).arg(folder().join("kamailio/kamailio.cfg")).output();
    match checked {
        Ok(output) => assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr)),
        Err(_) => skip::skip("kamailio", "not installed"),
    }
}
