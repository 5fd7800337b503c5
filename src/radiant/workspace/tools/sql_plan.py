"""What Postgres itself makes of a query, before it runs: which tables it would read and which functions call. The second
look, by another reader of SQL than the first (`sql_reading`), so that what one of them misreads does not run."""

import re

from radiant.workspace.tools.sql_reading import names

# Tables under the views; what the view of messages takes their parts from.
_RELATIONS = frozenset(
    {"public." + name for name in (
        "chats", "messages", "knowledge_bases", "documents", "usage_ledger", "merge_sessions", "merge_responses", "memories",
    )} | {"pg_catalog.jsonb_array_elements"}
)  # fmt: skip
_FUNCTIONS = names(
    # Of the views and of the policies.
    "current_setting jsonb_array_elements string_agg left "
    # Of queries: those of `sql_reading`, as Postgres writes them.
    "count sum avg min max stddev stddev_pop stddev_samp variance var_pop var_samp percentile_cont percentile_disc bool_or "
    "bool_and rank dense_rank row_number ntile lag lead first_value last_value lower upper length char_length "
    "character_length right substring btrim ltrim rtrim strpos position split_part concat abs round ceil ceiling floor sqrt "
    "sign mod date_trunc date_part now to_char to_timestamp make_date age timezone width_bucket array_length cardinality "
    "starts_with like_escape similar_to_escape similar_escape "
    # Types that have a length.
    "numeric varying character char bpchar interval timestamp timestamptz time"
)
_LITERAL = re.compile(r"'(?:[^']|'')*'")
_CALL = re.compile(r'(?<![\w"])((?:[a-z_][a-z0-9_]*\.)*(?:[a-z_][a-z0-9_]*|"[^"]*"))\(')
_READS = re.compile(r'\bon ((?:[a-z_][a-z0-9_]*|"[^"]*")\.(?:[a-z_][a-z0-9_]*|"[^"]*"))')


def unknown_parts(plan: str) -> list[str]:
    """What of a plan (`explain (verbose)`) is none of the known, by name."""
    text = _LITERAL.sub("''", plan)
    calls = {found.strip('"') for found in _CALL.findall(text)}
    reads = set(_READS.findall(text))
    return sorted((calls - _FUNCTIONS) | (reads - _RELATIONS))
