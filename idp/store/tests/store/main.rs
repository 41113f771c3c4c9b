//! The store on both engines: every case runs on SQLite and on a PostgreSQL that the fixture starts.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test stops at the first surprise"
)]

mod attempts;
mod audit;
mod children;
mod factors;
mod faults;
mod lab;
mod once;
mod postgres_server;
mod sessions;
mod trust;

/// Declares each case once for each engine.
macro_rules! on_both_engines {
    ($($module:ident :: $case:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::$module::$case(crate::lab::Lab::sqlite()).await;
            })*
        }
        mod postgres {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $case() {
                crate::$module::$case(crate::lab::Lab::postgres().await).await;
            })*
        }
    };
}

on_both_engines! {
    trust::edits_are_loaded_and_audited_with_before_and_after,
    trust::of_two_edits_on_one_version_one_wins,
    trust::a_failed_edit_writes_nothing,
    trust::sec_cfg_05_names_and_identifiers_are_unique_whatever_their_case,
    trust::sec_cfg_15_a_changed_row_is_refused_by_name,
    trust::sec_cfg_15_an_inserted_row_is_refused_by_name,
    trust::sec_cfg_15_a_removed_row_is_missed,
    trust::sec_cfg_15_an_older_row_put_back_is_found,
    trust::sec_cfg_15_nothing_is_added_to_a_tampered_configuration,
    trust::sec_cfg_15_another_key_opens_nothing,
    trust::sec_cfg_16_an_older_configuration_is_refused_until_it_is_adopted,
    trust::signing_keys_are_promoted_and_retired_in_one_step,
    trust::sec_key_04_neither_dump_nor_audit_shows_what_only_the_key_row_holds,
    sessions::a_session_is_found_by_its_cookie_until_it_ends,
    sessions::sec_ses_01_a_replaced_session_is_dead_and_its_participants_go_along,
    sessions::sec_ses_04_a_session_that_was_ended_is_not_continued,
    sessions::sec_log_04_a_session_that_cannot_be_written_down_leaves_the_old_one,
    sessions::sec_ses_04_idle_expired_and_ended_sessions_are_dead_after_a_restart_too,
    sessions::sec_cfg_15_a_session_written_by_hand_is_refused,
    sessions::touching_writes_once_a_minute,
    sessions::all_sessions_of_an_account_end_together,
    sessions::tokens_in_the_loop_window_are_counted,
    sessions::sessions_looked_up_at_once_are_told_apart,
    sessions::an_account_sees_its_living_sessions_with_place_and_partners,
    sessions::only_an_accounts_own_sessions_are_ended_by_their_public_id,
    sessions::sec_cfg_15_a_listed_session_written_by_hand_misleads_nobody,
    audit::the_chain_is_whole_and_can_be_searched,
    audit::two_nodes_write_one_line,
    audit::sec_log_04_a_token_whose_row_cannot_be_written_is_refused,
    audit::sec_log_04_a_session_and_its_sign_in_stand_both_or_neither,
    audit::sec_log_05_a_changed_row_is_named,
    audit::sec_log_05_a_removed_row_is_named,
    audit::sec_log_05_rows_cut_off_the_end_are_missed,
    audit::sec_log_05_a_chain_rehashed_without_the_key_is_named,
    audit::sec_log_05_an_emptied_audit_is_missed,
    audit::sec_key_07_rows_are_as_many_as_acknowledgements,
    audit::a_token_for_an_ended_session_is_refused_alone,
    attempts::sec_pwd_04_two_hundred_parallel_tries_take_ten_places,
    attempts::a_refusal_takes_no_place_anywhere,
    attempts::windows_end_as_they_were_asked_to,
    attempts::settlements_count_release_and_clear,
    attempts::sec_pwd_08_a_restart_forgets_no_failure,
    attempts::twenty_familiar_sources_are_kept,
    attempts::counters_are_looked_at_without_a_place_and_emptied_together,
    once::of_eight_racers_one_is_first,
    once::a_parked_request_is_found_again_while_it_is_fresh,
    once::one_source_cannot_fill_the_lot,
    once::parking_is_capped,
    once::a_sweep_removes_what_has_expired_and_nothing_else,
    factors::factors_are_listed_as_they_were_added_and_removed,
    factors::of_many_first_factors_one_is_added,
    factors::sec_pwd_12_a_time_step_is_used_once_on_all_nodes_together,
    factors::sec_pwd_12_a_recovery_code_is_used_once_on_all_nodes_together,
    factors::sec_cfg_15_a_factor_changed_added_or_removed_by_hand_is_refused,
    factors::a_reset_takes_all_of_one_account_and_nothing_of_another,
    factors::sec_pwd_13_a_ceremony_is_taken_once_and_by_its_account_only,
    factors::ceremonies_are_capped_and_swept,
    faults::opening_again_changes_nothing,
    faults::several_processes_may_open_an_empty_database_together,
    faults::a_foreign_schema_step_is_refused_or_left_alone,
    faults::sec_f_14_killed_at_any_instant_every_acknowledged_row_is_there,
}
