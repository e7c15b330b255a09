//! `hotline.toml` and the environment, right and wrong, as an operator writes them.

use std::path::{Path, PathBuf};

use hotline::config::{Config, ConfigError, FILE_NAME};
use hotline::store::Record;

fn parse(text: &str, environment: &[(&str, &str)]) -> Result<Config, ConfigError> {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Config::parse(Path::new("hotline.toml"), text, environment)
}

/// What an operator reads, one mistake a line.
#[track_caller]
fn mistakes(text: &str, environment: &[(&str, &str)]) -> Vec<String> {
    parse(text, environment).expect_err("it is wrong").to_string().lines().map(str::to_owned).collect()
}

#[test]
fn nothing_at_all_is_a_working_configuration() {
    assert_eq!(parse("", &[]).expect("defaults"), Config::default());
    assert_eq!(parse("[http]\n[store]", &[]).expect("empty sections"), Config::default());
}

#[test]
fn the_file_is_read_and_the_environment_goes_before_it() {
    let text = "pack = \"packs/bank\"\n[store]\nrecord = \"stereo\"\ndata = \"/srv/a\"\n[engine]\nmax_calls = 5\nworkers = 2\n";
    let config = parse(text, &[]).expect("right");
    assert_eq!((config.store.record, config.engine.max_calls.get()), (Record::Stereo, 5));
    let config = parse(
        text,
        &[
            ("HOTLINE_STORE__RECORD", "off"),
            ("HOTLINE_DATA", "/srv/b"),
            ("HOTLINE_ENGINE__MAX_CALLS", "7"),
            ("HOTLINE_HTTP__LISTEN", "0.0.0.0:80"),
            ("HOTLINE_OFFLINE", "1"),
            ("HOTLINE_LOG", "debug"),
            ("HOTLINE_PACK", ""),
            ("PATH", "/bin"),
        ],
    )
    .expect("right");
    assert_eq!((config.store.record, config.store.data), (Record::Off, PathBuf::from("/srv/b")));
    assert_eq!((config.engine.max_calls.get(), config.engine.workers.map(|w| w.get())), (7, Some(2)));
    assert_eq!((config.http.listen.port(), config.offline, config.pack), (80, true, PathBuf::from("packs/bank")));
}

#[test]
fn a_number_is_text_where_text_is_wanted() {
    let config = parse("", &[("HOTLINE_DATA", "2026"), ("HOTLINE_TELEMETRY__LOG", "true")]).expect("right");
    assert_eq!((config.store.data, config.telemetry.log), (PathBuf::from("2026"), "true".to_owned()));
}

#[test]
fn every_mistake_is_told_with_its_line_and_what_to_do() {
    let text = "packs = \"x\"\n\n[http]\nlsten = \"0.0.0.0:80\"\nmax_body_bytes = \"much\"\n[engine]\nmax_calls = 0\n\
                [store]\nrecord = \"sterio\"\n[sotre]\ndata = \"x\"\n";
    let mistakes = mistakes(text, &[]);
    let expected = [
        "hotline.toml:1: unknown key `packs`; did you mean `pack`?",
        "hotline.toml:4: unknown key `lsten`; did you mean `listen`?",
        "hotline.toml:5: max_body_bytes: invalid type: string \"much\", expected usize; correct it, or remove it to get the default",
        "hotline.toml:7: max_calls: ",
        "hotline.toml:9: record: `sterio` is no choice here; did you mean `stereo`?",
        "hotline.toml:10: unknown key `sotre`; did you mean `store`?",
    ];
    assert_eq!(mistakes.len(), expected.len(), "{mistakes:#?}");
    for expected in expected {
        assert!(mistakes.iter().any(|m| m.starts_with(expected)), "no {expected:?} in {mistakes:#?}");
    }
}

#[test]
fn a_wrong_variable_is_named() {
    assert_eq!(
        mistakes("", &[("HOTLINE_HTTP__LSTEN", "x")]),
        ["HOTLINE_HTTP__LSTEN: unknown key `lsten`; did you mean `listen`?"]
    );
    let mistakes = mistakes("offline = 3", &[("HOTLINE_ENGINE__MAX_CALLS", "many"), ("HOTLINE_A__B", "x")]);
    assert_eq!(mistakes.len(), 3, "{mistakes:#?}");
    assert!(mistakes.iter().any(|m| m.starts_with("HOTLINE_ENGINE__MAX_CALLS: invalid type: string \"many\"")), "{mistakes:#?}");
    assert!(mistakes.iter().any(|m| m.starts_with("hotline.toml:1: offline: invalid type: integer")), "{mistakes:#?}");
}

#[test]
fn broken_toml_is_told_by_line() {
    let mistakes = mistakes("[http]\nlisten = \nmax_body_bytes = 1.2.3\n", &[]);
    assert!(mistakes.iter().all(|m| m.starts_with("hotline.toml:")), "{mistakes:#?}");
    assert!(mistakes.iter().any(|m| m.starts_with("hotline.toml:2:")), "{mistakes:#?}");
    assert!(mistakes.iter().any(|m| m.starts_with("hotline.toml:3:")), "{mistakes:#?}");
}

#[test]
fn a_named_file_must_be_there() {
    let folder = tempfile::tempdir().expect("a folder");
    let error = Config::load(Some(&folder.path().join(FILE_NAME)), []).expect_err("there is none").to_string();
    assert!(error.contains("hotline.toml cannot be read") && error.contains("--config"), "{error}");
}

proptest::proptest! {
    #[test]
    fn any_text_and_any_variable_end_in_an_answer(
        text in "(\\[?(http|store|x)\\]?\n|(listen|data|max_calls|pack|\"a\") ?[=.] ?([0-9\"\\[{]|true|\"x\"|\\[\\[)?\n?){0,6}",
        name in "HOTLINE_(STORE__|HTTP__|X__|__)?[A-Z.\"é]{0,6}",
        value in "[\\PC\n]{0,12}",
    ) {
        if let Err(error) = parse(&text, &[(&name, &value)]) {
            proptest::prop_assert!(error.to_string().contains("; "), "{}", error);
        }
    }
}
