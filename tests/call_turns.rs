//! What a caller notices, as scripts in virtual time; each stands in `tests/call_scripts/` with its whole log.
//! Never touches sound, a socket or the clock.

#[path = "common/call_script.rs"]
mod call_script;

use call_script::check;

/// One test a script, named alike.
macro_rules! scripts {
    ($($name:ident)*) => {
        $(#[test]
        fn $name() {
            check(stringify!($name));
        })*

        #[test]
        fn every_script_is_run() {
            let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/call_scripts");
            let files = std::fs::read_dir(folder).unwrap().count();
            assert_eq!(files, [$(stringify!($name)),*].len());
        }
    };
}

scripts! {
    speech_while_transcribing_reopens_the_turn
    a_cough_while_transcribing_changes_nothing
    an_early_hash_is_an_entry
    a_turn_is_answered
    stale_sentence_is_never_spoken
    interrupt_before_first_audio
    interrupt_while_tool_runs
    heard_words_stay_in_history
    cough_between_turn_end_and_reply
    cough_as_the_reply_begins
    speaking_always_ends
    false_interruption_resumes
    next_turn_is_not_swallowed
    a_pause_does_not_end_a_turn
    pre_roll_is_recognised
    must_be_heard_is_not_cut
    speech_into_the_end_of_a_notice
    silence_climbs_the_ladder
    who_asks_for_a_moment_gets_it
    a_pause_is_guessed_at_and_the_answer_made_ready
    a_word_ends_the_silence_ladder
    the_caller_returns_during_the_good_bye
    not_understood_climbs_the_ladder
    a_cough_asks_nothing
    an_operators_hint_waits_for_a_silence
    a_cough_over_the_bot_only_ducks
    a_listener_does_not_stop_the_bot
    a_late_mm_hm_is_only_a_gap
    two_mm_hms_do_not_add_up
    words_without_spaces_are_counted_by_character
    somebody_else_in_the_room_does_not_stop_the_bot
    a_short_stop_is_obeyed
    yes_over_its_question_is_an_answer
    who_speaks_over_a_good_bye_is_not_hung_up_on
    a_cough_that_silenced_the_bot_is_asked_about
    a_key_interrupts_and_counts
    typed_words_interrupt_and_are_answered
    typed_words_take_the_place_of_spoken_ones
    the_button_stops_the_bot
    keys_end_by_time
    keys_end_by_hash
    a_choice_acts_at_once
    a_secret_is_in_no_event
    a_secret_keyed_over_its_prompt
    complete_digits_end_a_turn_at_once
    digits_in_groups_are_waited_for
    an_unfinished_sentence_is_waited_for
    yes_ends_sooner
    no_answer_is_apologised_for_then_ended
    a_failed_apology_ends_the_call
    a_deaf_recogniser_is_apologised_for
    a_mute_voice_is_apologised_for
    a_hanging_voice_is_apologised_for
    a_blank_reply_does_not_freeze
    a_late_voice_is_bridged_by_a_few_words
    a_late_dialogue_is_bridged_by_a_few_words
    an_acknowledgement_that_comes_late_is_not_heard
    who_goes_on_speaking_needs_no_acknowledgement
    nobody_picks_up
    the_longest_call_ends_politely
    hold_stops_the_clock
    a_result_on_hold_is_kept
    a_hold_without_end_ends
    a_transfer_follows_its_announcement
    a_failed_transfer_comes_back
    good_bye_is_heard_to_its_end
    shutdown_says_good_bye
    shutdown_is_not_held_up
    the_caller_hangs_up
    the_caller_hangs_up_while_speaking
    a_caller_who_never_pauses_is_answered
    who_talks_on_is_taken_up_at_a_breath
}
