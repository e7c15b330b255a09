//! The traps that voice bots are known to fall into, by public tickets of other projects and by our own callers, and the test that
//! stands for each. Never a test of the bot itself: it only sees to it that none of those is lost.

use std::path::Path;

/// A trap, and the tests that stand for it, by their files; `call_turns` runs the scripts in `tests/call_scripts/`.
type Trap = (&'static str, &'static [(&'static str, &'static str)]);

const CALL: &str = "tests/call_turns.rs";
const ANY: (&str, &str) = ("tests/call_properties.rs", "any_inputs_then_time_alone_come_back_to_listening_or_to_the_end");

const TRAPS: &[Trap] = &[
    // Interruptions.
    (
        "A listener's word from the recogniser goes round the rule of how long speech must last (livekit/agents #2197, #3515).",
        &[
            (CALL, "a_listener_does_not_stop_the_bot"),
            (CALL, "a_late_mm_hm_is_only_a_gap"),
            ("src/call/turn/barge_in.rs", "words_and_what_goes_on_hold_the_bot_then_stop_it_and_a_listener_does_not"),
        ],
    ),
    (
        "What counts towards an interruption is not counted anew with each utterance (livekit/agents #4270).",
        &[(CALL, "two_mm_hms_do_not_add_up")],
    ),
    (
        "Words are counted by spaces, which Chinese has not got.",
        &[
            (CALL, "words_without_spaces_are_counted_by_character"),
            ("src/call/turn/words.rs", "a_listener_is_told_from_a_speaker"),
            ("src/call/ledger.rs", "chinese_is_cut_by_character_and_joined_without_spaces"),
        ],
    ),
    (
        "A noise that was no interruption ends the reply for good (livekit/agents #4039).",
        &[(CALL, "false_interruption_resumes"), (CALL, "a_cough_over_the_bot_only_ducks")],
    ),
    (
        "An interruption empties our queue and not the transport's (pipecat #4151).",
        &[("tests/line_faults.rs", "clear_reaches_the_transport")],
    ),
    (
        "An interruption before the first sound leaves the call waiting (pipecat #3986).",
        &[(CALL, "interrupt_before_first_audio")],
    ),
    (
        "An interruption while a tool runs leaves the call waiting, or the deed half done (pipecat #4412, agents-js #1124).",
        &[(CALL, "interrupt_while_tool_runs"), ("tests/dialogue/deeds.rs", "interrupt_while_tool_runs")],
    ),
    ("The turn after an interruption is swallowed (agents-js #1430).", &[(CALL, "next_turn_is_not_swallowed")]),
    ("Leftovers of one turn are spoken in the next (pipecat #754).", &[(CALL, "stale_sentence_is_never_spoken"), ANY]),
    // The time between a turn and its answer.
    (
        "A cough between the end of the turn and the first sound cancels the answer (livekit/agents #1229).",
        &[(CALL, "cough_between_turn_end_and_reply"), (CALL, "cough_as_the_reply_begins")],
    ),
    (
        "The bot is taken for speaking while no sound leaves, for ever (livekit/agents #3418, pipecat #2941).",
        &[(CALL, "speaking_always_ends"), (CALL, "a_hanging_voice_is_apologised_for"), ANY],
    ),
    (
        "An answer of white space freezes the conversation (dograh's pipecat #61).",
        &[(CALL, "a_blank_reply_does_not_freeze"), ("src/speech/speak/clause.rs", "nothing_to_speak_is_no_clause")],
    ),
    (
        "Latency is counted from an event, not from the caller's last sample (livekit/agents #5669, #6093).",
        &[("src/call/waterfall.rs", "latency_counts_from_the_last_speech_frame_and_its_stages_sum_to_it")],
    ),
    (
        "A stage that was never told, or was over early, is made to look good at the total's cost.",
        &[("src/call/waterfall.rs", "a_stage_that_was_over_early_or_never_told_costs_the_total_nothing")],
    ),
    // What was heard.
    (
        "The interruption overtakes words that were played: history holds too few (pipecat #4996).",
        &[(CALL, "heard_words_stay_in_history"), ("src/call/ledger.rs", "heard_words_stay_in_history")],
    ),
    (
        "History is written before anything is played: it holds too many.",
        &[
            ("tests/dialogue/deeds.rs", "history_holds_what_was_heard"),
            ("src/call/ledger.rs", "a_sentence_of_unknown_length_never_counts_words_that_are_still_queued"),
        ],
    ),
    // Speaking.
    (
        "Sentences end only at English marks (livekit/agents #930).",
        &[("src/speech/speak/clause.rs", "punctuation_of_both_languages_ends_clauses")],
    ),
    (
        "The first clause waits for the whole of a long sentence (livekit/agents #930).",
        &[("src/speech/speak/clause.rs", "a_long_first_clause_is_cut_early_where_a_speaker_breathes")],
    ),
    // Keys.
    (
        "A key is told by the marker bit, which may be lost, and not by its end bit.",
        &[
            ("src/line/rtp/telephone_event.rs", "a_press_of_which_only_the_end_came_counts"),
            ("src/line/rtp/telephone_event.rs", "keys_that_share_a_timestamp_are_told_apart_by_their_end_bits"),
        ],
    ),
    (
        "Three end packets of one key are three digits.",
        &[
            ("src/line/rtp/telephone_event.rs", "a_press_is_told_once_however_often_its_packets_come"),
            ("tests/line_calls.rs", "keys_are_told_once_each"),
        ],
    ),
    (
        "A key pressed over the prompt stops the bot and is lost, or counts and does not stop it.",
        &[(CALL, "a_key_interrupts_and_counts")],
    ),
    // The line.
    (
        "Shutting down waits for one call and cuts the others (livekit/agents #4268).",
        &[("tests/line_whole.rs", "a_line_that_closes_waits_for_every_good_bye")],
    ),
    (
        "A refused call keeps its place, port or task (aplisay #285).",
        &[("tests/line_whole.rs", "a_full_house_asks_to_come_back_and_the_call_that_is_up_goes_on")],
    ),
    (
        "A caller whose sound stops without a BYE is kept for ever.",
        &[
            ("tests/line_calls.rs", "a_caller_whose_sound_stops_without_a_bye_is_let_go"),
            ("tests/line_whole.rs", "a_caller_who_never_sends_sound_is_let_go_by_the_line"),
        ],
    ),
    ("Whoever watches a call and lags ends it.", &[("tests/line_whole.rs", "lagging_observer_never_ends_a_call")]),
    (
        "A caller who hangs up in the middle of a reply leaves its tasks running.",
        &[("tests/line_whole.rs", "hangup_with_reply_in_flight_leaks_no_task")],
    ),
];

#[test]
fn every_trap_has_tests_that_are_run() {
    for (trap, tests) in TRAPS {
        assert!(!tests.is_empty(), "nothing stands for: {trap}");
        for (file, test) in *tests {
            assert!(stands(file, test), "{file} has no test {test}, which stood for: {trap}");
        }
    }
}

#[test]
fn a_test_that_is_gone_is_missed() {
    assert!(!stands(CALL, "a_caller_is_never_heard"));
    assert!(!stands("src/call/waterfall.rs", "closed"), "a function of a test is no test");
}

/// Whether that file has that test: a function behind `#[test]`, or a script in the list of those that are run.
fn stands(file: &str, test: &str) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(root.join(file)).unwrap_or_else(|error| panic!("{file}: {error}"));
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    if file == CALL {
        return lines.contains(&test) && root.join(format!("tests/call_scripts/{test}.txt")).is_file();
    }
    let named = [format!("fn {test}()"), format!("async fn {test}()")];
    lines.windows(2).any(|pair| {
        let [before, line] = pair else { return false };
        before.ends_with("test]") && named.iter().any(|name| line.starts_with(name.as_str()))
    })
}
