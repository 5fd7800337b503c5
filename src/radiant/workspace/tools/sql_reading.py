"""A query of a model, taken apart: one SELECT over the views of `tenant_views`, made of parts that are known to have no
effects, and written anew from them. What runs is what was looked at, not the text that came.

This is what keeps a query from `set_config`, `query_to_xml`, `pg_read_file` and the like, which a role cannot be kept
from on a Postgres that is not ours alone. The role and its policies hold besides.

It reads a large library at its first call and blocks: run it in a thread.
"""

import logging
import re
from collections.abc import Mapping
from typing import Any

from radiant.workspace.tools.base import BadArguments

MOST_CHARACTERS = 10_000
_MOST_DEPTH = 40
_MOST_NODES = 3000
# Each may double a text.
_MOST_JOINED = 8

VIEWS: Mapping[str, str] = {
    "chats": "id, title, model, folder, pinned, created_at, updated_at",
    "messages": "id, chat_id, role, text, status, model, input_tokens, output_tokens, cost, first_token_ms, duration_ms,"
    " created_at",
    "knowledge_bases": "id, name, description, owner, created_at, updated_at",
    "documents": "id, base_id, name, title, state, media_type, bytes, pages, passages, characters, language, created_at,"
    " updated_at",
    "usage": "id, kind, provider, model, state, estimated, cost, input_tokens, output_tokens, cache_read_tokens,"
    " cache_write_tokens, reasoning_tokens, first_token_ms, duration_ms, stop_reason, error_kind, created_at",
    "merges": "id, prompt, merge_strategy, models_used, final_result, quality_score, total_cost, status, created_at,"
    " completed_at",
    "merge_answers": "id, merge_id, model, response, tokens_used, latency_ms, contribution_weight, cost, round, position,"
    " created_at",
    "memories": "id, content, memory_type, importance, source, pinned, happened_at, created_at, updated_at",
}


def names(text: str) -> frozenset[str]:
    """The words of a text."""
    return frozenset(text.split())


# Names of sqlglot's classes.
_CLAUSES = names(
    "Select Union Intersect Except Subquery With CTE From Join Lateral Where Group Rollup Cube GroupingSets "
    "Having Order Ordered Limit LimitOptions Offset Fetch Distinct Window WindowSpec Filter WithinGroup Table TableAlias Alias "
    "Column Identifier Star Literal Var Paren Tuple Array Null Boolean Interval DataType DataTypeParam "
    "IntervalSpan"
)
_OPERATORS = names(
    "And Or Not EQ NEQ LT LTE GT GTE NullSafeEQ NullSafeNEQ Is In Between Like ILike SimilarTo RegexpLike "
    "RegexpILike Escape Add Sub Mul Div IntDiv Mod Neg DPipe Case If Exists Any All AtTimeZone"
)
_FUNCTIONS = names(
    "Count Sum Avg Min Max Stddev StddevPop StddevSamp Variance VariancePop PercentileCont PercentileDisc "
    "LogicalOr LogicalAnd CountIf Rank DenseRank RowNumber Ntile Lag Lead FirstValue LastValue Lower Upper Length "
    "Left Right StartsWith Substring Trim StrPosition SplitPart Concat Coalesce Nullif Greatest Least Abs Round Ceil Floor "
    "Sqrt Sign TimestampTrunc DateTrunc Extract CurrentTimestamp CurrentDate TimeToStr UnixToTime Cast "
    "WidthBucket ArraySize"
)
_KNOWN = _CLAUSES | _OPERATORS | _FUNCTIONS
# Functions that sqlglot has no class for.
_BY_NAME = frozenset(
    {
        "all",
        "age",
        "date_part",
        "make_date",
        "starts_with",
        "cardinality",
        "array_length",
        "ntile",
        "dense_rank",
        "variance",
    }
)
_TYPES = names(
    "TEXT VARCHAR CHAR INT BIGINT SMALLINT DECIMAL FLOAT DOUBLE BOOLEAN DATE TIME TIMESTAMP TIMESTAMPTZ INTERVAL UUID"
)
_WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_ ]{0,30}")
_NUMBER = re.compile(r"[0-9]*\.?[0-9]*([eE][+-]?[0-9]{1,3})?")


def checked(query: str) -> str:
    """The same query, written from its parts. Raises BadArguments that says what may not be in it. Blocks."""
    import sqlglot
    from sqlglot import exp
    from sqlglot.errors import SqlglotError

    if len(query) > MOST_CHARACTERS or "\x00" in query:
        raise _refused(f"at most {MOST_CHARACTERS:,} characters, and no NUL")
    if _depth(query) > _MOST_DEPTH:
        raise _refused(f"brackets within brackets, at most {_MOST_DEPTH} deep")
    # It would log the query, where it takes one for a command.
    logging.getLogger("sqlglot").setLevel(logging.ERROR)
    try:
        found = [each for each in sqlglot.parse(query, dialect="postgres") if each is not None]
    except (SqlglotError, RecursionError) as error:
        raise _refused(f"not SQL that is understood: {_first_line(error)}") from error
    if len(found) != 1:
        raise _refused("give one statement")
    [tree] = found
    if not isinstance(tree, exp.Select | exp.SetOperation):
        raise _refused("only SELECT")
    try:
        _look(tree)
        return tree.sql(dialect="postgres", comments=False)
    except RecursionError as error:
        raise _refused("nested too deeply") from error


def _look(tree: Any) -> None:
    from sqlglot import exp

    named = {str(each.alias).lower() for each in tree.find_all(exp.CTE)}
    nodes, joined = 0, 0
    node: Any
    for node in tree.walk():
        nodes += 1
        name = type(node).__name__
        if isinstance(node, exp.Anonymous):
            _require(str(node.name).lower() in _BY_NAME, f"the function {str(node.name)[:60]}")
        else:
            _require(name in _KNOWN, f"{_plain(name)}")
        joined += name in ("DPipe", "Concat") and len(node.expressions or (1,))
        if isinstance(node, exp.Table):
            _require(isinstance(node.this, exp.Identifier), "a function in place of a view")
            _require(not node.args.get("catalog"), "a name of three parts")
            schema = str(node.args["db"].this).lower() if node.args.get("db") else ""
            _require(schema in ("", "tenant_views"), f"the schema {schema[:60]}")
            held = str(node.this.this).lower()
            _require(held in VIEWS or (held in named and not schema), f"{held[:60]}; there are {', '.join(VIEWS)}")
            _require(not node.args.get("version") and not node.args.get("when"), "a version")
        elif isinstance(node, exp.Column):
            _require(not node.args.get("db"), "a column's name of three parts")
        elif isinstance(node, exp.With):
            _require(not node.args.get("recursive"), "RECURSIVE")
        elif isinstance(node, exp.DataType):
            kind = getattr(node.this, "name", str(node.this))
            _require(kind in _TYPES and not node.args.get("kind"), f"the type {kind[:60]}")
        elif isinstance(node, exp.Var):
            _require(_WORD.fullmatch(str(node.this)) is not None, "such a word")
        elif isinstance(node, exp.Literal):
            _require(node.is_string or _NUMBER.fullmatch(str(node.this)) is not None, "such a number")
        elif isinstance(node, exp.Identifier) and not node.args.get("quoted"):
            # As Postgres reads it: small letters unless it is quoted. Quoted, it can be nothing but a name.
            node.set("this", str(node.this).lower())
            node.set("quoted", True)
    _require(nodes <= _MOST_NODES, f"more than {_MOST_NODES} parts")
    _require(joined <= _MOST_JOINED, f"more than {_MOST_JOINED} texts put together")


def _require(holds: bool, what: str) -> None:
    if not holds:
        raise _refused(f"not allowed: {what}")


def _refused(why: str) -> BadArguments:
    return BadArguments(f"arguments.query: {why}")


def _plain(name: str) -> str:
    words = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", name)
    return f"the part {words.upper()}"


def _first_line(error: BaseException) -> str:
    return re.sub(r"\x1b\[\d+m", "", str(error)).split("\n")[0][:300]


def _depth(query: str) -> int:
    deepest = level = 0
    for character in query:
        level += (character in "([") - (character in ")]")
        deepest = max(deepest, level)
    return deepest
