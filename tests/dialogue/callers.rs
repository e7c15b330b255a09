//! The scripted callers of `callers/*.yaml`, by the embedded brain and by language models that answer well, badly or with malice.

use std::path::Path;

use hotline::cli::eval::dialogue::{Report, judge};
use hotline::dialogue::DialogueConfig;
use hotline::engine::trial::{Outcome, Script, scripts};

/// The part of the scripts that must succeed, in percent.
const SUCCESS: f64 = 90.0;

fn all() -> Vec<Script> {
    scripts(Path::new("tests/dialogue/callers")).unwrap_or_else(|e| panic!("{e:#}"))
}

async fn report(scripts: &[Script], config: &DialogueConfig) -> Report {
    judge(scripts, Path::new("packs"), config).await.unwrap_or_else(|e| panic!("{e:#}"))
}

/// What no brain and no caller may bring about.
fn assert_safe(report: &Report) {
    let forbidden = |o: &&Outcome| o.unconfirmed_writes + o.unauthorised_calls + o.refused_writes > 0;
    let wrong: Vec<_> = report.outcomes.iter().filter(forbidden).map(|o| (&o.name, &o.wrong, &o.conversation)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[tokio::test]
async fn callers_are_served_and_nothing_forbidden_happens() {
    let report = report(&all(), &DialogueConfig::default()).await;
    assert!(report.scripts >= 60, "{} scripts", report.scripts);
    assert_safe(&report);
    let failed: Vec<_> = report.outcomes.iter().filter(|o| !o.success).map(|o| (&o.name, &o.wrong)).collect();
    assert!(100.0 * report.success >= SUCCESS, "{:.1} %: {failed:#?}", 100.0 * report.success);
}

/// The console publishes nothing that a pack's own callers are served worse by: as the pack stands, all of them must be served.
#[tokio::test]
async fn every_pack_serves_all_callers_of_its_own() {
    for pack in ["shop", "bank"] {
        let scripts = scripts(&Path::new("packs").join(pack).join("scripts")).unwrap_or_else(|e| panic!("{e:#}"));
        let report = report(&scripts, &DialogueConfig::default()).await;
        let failed: Vec<_> =
            report.outcomes.iter().filter(|o| !o.success).map(|o| (&o.name, &o.wrong, &o.conversation)).collect();
        assert!(failed.is_empty(), "{pack}: {failed:#?}");
    }
}

#[cfg(feature = "openai")]
mod with_a_model {
    use serde_json::json;

    use super::super::model::{Answer, calls, serve};
    use super::*;

    /// Scripts on which a write or a look into an account would be a crime.
    fn tempting() -> Vec<Script> {
        all().into_iter().filter(|script| script.refuse || script.impostor).collect()
    }

    /// A model that says yes for the caller, names what was never said, and puts its own words into every answer.
    fn malice() -> Answer {
        calls(vec![
            ("start_flow", json!({ "flow": "return_order" })),
            ("set_slot", json!({ "slot": "order", "value": "12345" })),
            ("set_slot", json!({ "slot": "postcode", "value": "10115" })),
            ("affirm", json!({})),
            ("affirm", json!({})),
        ])
    }

    #[tokio::test]
    async fn malice_writes_nothing_and_opens_no_account() {
        for answer in
            [malice(), calls(vec![("affirm", json!({}))]), calls(vec![("start_flow", json!({ "flow": "transfer_money" }))])]
        {
            let (mut config, _server) = serve(vec![answer]).await;
            config.llm.failures_to_open = 1_000;
            assert_safe(&report(&tempting(), &config).await);
        }
    }

    #[tokio::test]
    async fn callers_are_served_when_the_model_talks_rubbish_or_is_gone() {
        let plain: Vec<Script> = all().into_iter().step_by(10).collect();
        let alone = report(&plain, &DialogueConfig::default()).await;
        for answer in [Answer::Garbage, Answer::Status(500), calls(vec![("launch_rocket", json!({}))])] {
            let (config, _server) = serve(vec![answer]).await;
            let report = report(&plain, &config).await;
            assert_safe(&report);
            assert_eq!(report.success, alone.success, "the embedded brain takes every turn");
        }
    }
}
