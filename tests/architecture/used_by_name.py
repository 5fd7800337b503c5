"""Names that vulture cannot see used: members of answers, arguments that a framework passes, hooks it calls."""
# ruff: noqa: B018, F821
# pyright: reportUndefinedVariable=false, reportUnusedExpression=false

_.show  # click calls it
_.settings_customise_sources  # pydantic-settings calls it
dotenv_settings, file_secret_settings
VIEWER  # a role that nothing asks for by name: all others are above it
trace
# Members of answers
actor_kind, actor_id, actor_email, target_kind, target_id, whole, last_seen_at, current, last_used_at
requests, day, snippet, user_message, assistant_message
key_name, period_end, remaining, settled_at
problem_summary, avg_confidence, plan_revision, last_event
# Members of rows that go to the ledger as JSON
ended_at, reserved_cost, _.ended_at
# pydantic calls them
_._names_whom_it_binds, _._fits_its_meter
signing_secret, policy_name, key_owner, hits, snippet
_._defaults_lie_below, _._names_are_free, _._compiles, _._bounds_something, _._is_https, _._fits_its_kind
_.max_mem, _.log_errors  # options of RE2
mailed_at, mail_error, has_sso, recovery_codes_left
authenticatorData, clientDataJSON, attestationObject, userHandle, rawId  # the browser's own names
_.handle_RCPT, _.handle_DATA  # aiosmtpd calls them
# Settings of llama.cpp's server
_.temp, _.penalty_repeat, _.ui, _.endpoint_slots, _.warmup, _.offline
_.model_alias, _.hostnames, _.n_parallel, _.n_ctx, _.n_threads, _.n_threads_http, _.cache_ram_mib
# Settings of other libraries' servers
_.intra_op_num_threads, _.inter_op_num_threads, _.close_connection, _.daemon_threads
_.install_signal_handlers, _.should_exit
default_base_url, detected, deprecated_on
problem_summary, avg_confidence, plan_revision, last_event
# Routing: members of answers, what pydantic calls, a fixture that tests only ask for
selection_reason, user_preferences, task_confidence, left_out, rule_name, fallback_position, rating
latency_p50_ms, latency_p95_ms, logged_decisions, unsupported
_._no_zone_in_times, _._short, _._can_hold, _._as_digits, _._says_something, _._weigh_something, _._two, _._one_of_two
one_model
# Errors: members of answers, what pydantic calls, fixtures
ignored, error_code, error_type, error_message, is_regression, resolved_at, resolved_by, resolution_notes
pattern_name, error_code_pattern, message_pattern, occurrence_count, first_seen, curve, ignored_until
ignored_until_count, auto_resolve_enabled, auto_resolve_action, started_at, first_release, last_release
errors_24h, tallies_24h, mail_is_set_up
_._patterns_of_re2
# Metrics: members of answers
duplicates, total_cost, error_count, unique_users, avg_latency_ms, p50_latency_ms, p95_latency_ms, p99_latency_ms
series, by_user, forecast, period_type, route_reason
# Members of the vault's answers
encryption_key_arn, may, added_at, vault_name, next_rotation_at, last_used_by, last_used_by_email, last_used_by_kind
kek_id, retired_at, credential_name, requested_by, requested_by_email, decided_by, decided_at
accessed_by, accessed_by_email, access_reason, source_ip, valid_until
# Fields of credentials
token_url, refresh_token, passphrase, certificate
# The life of credentials: members of answers
retire_at, pushed_version, pushed_at
# Members of AWS's answers
as_registered, new_access_key_id, switched_at, delete_after, cancelled_at
preferred_to, last_turn, last_activity, shared_at  # members of answers
# Merges: members of answers, what pydantic calls
_._some, contribution_weight, flip, models_used, quality_score, quality_basis, judge_tokens, writer_tokens
# The neural engine: members of answers
preference_value, counts_now, lift, pattern_type, pattern_key, pattern_data, last_occurred, rejected_spans, memories
# Memory: members of answers
may_edit, base_name, total_memories, last_accessed, access_count, similarity, searched, source_memory_id
# Tools: what httpx2 and pydantic call, members of answers, a tool of a test's own server
_.handle_async_request, _._one_way, listed_at, order_umbrella
# uvicorn reads them
_.close_timer, _.handshake_complete, _.handshake_initiated
# Rooms: members of answers
is_online, joined_at, color, began_at, from_
# Canvases: members of answers, what uvicorn and expat call, a name in quoted types
deleted_by, is_published, artifact_count, created_by_name, asked_by, selection_start, selection_end, base_text
proposed_text, canvas_version, published_by, published_at, RendererHTML
_.capture_signals, _.StartElementHandler, _.EndElementHandler, _.StartDoctypeDeclHandler, _.handle_starttag
# Speech: attributes that FFmpeg's and the sockets' libraries read and call
_.pts, _.thread_type, _.thread_count, _.bit_rate, _.pix_fmt, _.process_redirect
# Voice: members of requests and answers
input_format, total_duration_ms, input_text, character_count, apply_text_normalization
speech_end_ms, transcript_final_ms, first_sentence_ms, first_audio_ms, cancel_ms
_.qmin, _.qmax, _.skip_frame, _._ws_base_url
has_sound, has_pictures, _._one_of_them
