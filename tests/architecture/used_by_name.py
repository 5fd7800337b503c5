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
# Settings of llama.cpp's server
_.temp, _.penalty_repeat, _.ui, _.endpoint_slots, _.warmup, _.offline
