"""Every SQL statement of the program prepares against the head and may be run by the role that runs it; nothing sets
the tenant for a session; only named modules work across tenants."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from tests.kit import postgres

SOURCE = Path(__file__).parents[2] / "src" / "radiant"
_METHODS = frozenset(
    {"all", "each", "one", "one_or_none", "value", "run", "run_many", "fetch", "fetchrow", "fetchval", "execute"}
)
_SQL = re.compile(r"^\s*(select|insert|update|delete|with|call|lock|notify|set|reset|truncate|merge|listen)\b", re.I)
# Passes statements on, or talks to Postgres before there is a schema.
_BELOW = {"infra/db.py", "infra/migrate.py", "infra/embedded_postgres.py"}

# Runs as the owner of the database, on the command line.
_AS_OWNER = {"doctor.py"}

# Who may work across tenants, and for what.
ACROSS_TENANTS = {
    "infra/events.py": "delivers the outbox of all tenants",
    "infra/changes.py": "tells a process what it asked to be told, by no table at all",
    "app.py": "hands it over",
    "workspace/collaboration/rooms.py": "keeps what all rooms of a process wrote at once",
    "workspace/collaboration/attendance.py": "keeps who is in all rooms of a process at once",
    "workspace/collaboration/log.py": "writes what all rooms of a process wrote in one transaction",
    "workspace/reasoning/service.py": "takes up sessions whose process died, whoever's they are",
    "workspace/personalization/background.py": "learns from whoever has said something",
    "foundation/identity/known_keys.py": "nobody is known yet where a key is looked up",
    "foundation/identity/sessions.py": "nobody is known yet at sign-in",
    "foundation/identity/scim/tokens.py": "whose token it is, is what is asked",
    "foundation/identity/scim/people.py": "what an identity provider says is out of the application's reach",
    "foundation/identity/limits_routes.py": "files are people's own, their size is the tenant's; the operator's figures",
    "foundation/identity/invitations.py": "whoever holds a link is nobody yet",
    "foundation/identity/password_reset.py": "who forgot the password is nobody yet",
    "foundation/identity/passkeys.py": "nobody is known yet at sign-in",
    "foundation/identity/second_factor.py": "nobody is known yet at sign-in, and secrets are out of the application's reach",
    "foundation/identity/sso.py": "nobody is known yet at sign-in",
    "foundation/identity/users.py": "password hashes, and tenants themselves, are out of the application's reach",
    "foundation/identity/users_routes.py": "the operator's own pages",
    "foundation/aws_credentials/rotating.py": "takes up rotations whose worker died, whoever's they are",
    "foundation/aws_credentials/rotations.py": "starts rotations that are due, whoever's they are",
    "foundation/audit/service.py": "chains what the outbox brings, of every tenant and of the platform",
    "foundation/usage/meter.py": "keeps leases and the last use of keys, whoever's they are",
    "foundation/usage/writer.py": "brings the journal of calls into the ledger, whoever's they were",
    "foundation/metrics/check.py": "compares the ledger of all tenants with what was made of it",
    "foundation/metrics/events.py": "makes the events of calls, whoever's they were",
    "foundation/metrics/routes.py": "tells Prometheus how far the roll-ups are behind, of everybody together",
    "foundation/metrics/sinks/otlp.py": "tells a collector of calls, whoever's they were",
    "foundation/metrics/rollup.py": "rolls up the events of all tenants",
    "foundation/usage/recovery.py": "finishes the journals of dead processes, whoever's calls they hold",
    "foundation/runs/hub.py": "ends runs whose process died, whoever's they were",
    "foundation/error_tracking/reach.py": "the platform's own errors are its operator's",
    "foundation/error_tracking/known.py": "asks whose a DSN is",
    "foundation/error_tracking/writer.py": "writes errors, whoever's they are",
    "foundation/error_tracking/spool.py": "forgets spools, which hold errors of every tenant",
    "foundation/error_tracking/alerts.py": "tells whoever wants to hear of a group",
    "foundation/error_tracking/actions.py": "acts on a group, whoever's it is",
    "ai/retrieval/filling.py": "makes the vectors that are due, whoever's rows they are of",
    "ai/inference/acts.py": "tells every process what to do to its upstreams and models",
    "infra/rekeying.py": "wraps data keys anew, whoever's they are",
    "foundation/credentials/heads.py": "tells and verifies the heads of all trails",
    "foundation/credentials/rekey.py": "wraps data keys anew, whoever's they are",
    "foundation/credentials/leaks.py": "looks through texts, whoever's they are; the key of fingerprints has no tenant",
    "foundation/credentials/mirrors.py": "finds mirrors that are due, whoever's they are",
    "foundation/credentials/rotations.py": "finds rotations that are due, whoever's they are",
    "foundation/credentials/warnings.py": "finds credentials that expire, whoever's they are",
    "foundation/credentials/service.py": "finds tenants whose deleted credentials are due",
    "foundation/files/service.py": "removes the objects of deleted rows, whoever's they were",
    "infra/jobs_beside.py": "asks whether jobs of its kinds wait, whoever's they are",
    "ai/catalog/seed.py": "the catalogue has no tenant",
    "ai/routing/counting.py": "sums up what came of calls, whoever's they were",
    "ai/routing/refits.py": "fits to what was judged of answers, whoever's they were; refits have no tenant",
    "ai/routing/rules.py": "the platform's own rules have no tenant",
    "ai/providers/connections.py": "the platform's own connections have no tenant",
    "ai/serving/thermal.py": "the rows of self-hosted models have no tenant",
    "workspace/chats/shares.py": "whose a shared chat is, its link alone says",
    "workspace/canvas/projection.py": "whose a room's canvas is, the room alone says",
    "workspace/canvas/published.py": "whose a published canvas is, its address alone says",
    "workspace/tools/service.py": "what the operator says of built-in tools has no tenant",
    "health.py": "asks whether the database answers",
    "people.py": "the command line of whoever owns the machine",
    "prepare.py": "the first start: catalogue, first tenant",
    "worker.py": "retention, partitions, sinks",
}  # fmt: skip


@dataclass(frozen=True)
class Statement:
    """One SQL text and where it stands."""

    module: str
    line: int
    text: str
    # Its function's docstring says "system transaction".
    says_system: bool = False


class _Constants(ast.NodeVisitor):
    def __init__(self) -> None:
        self.known: dict[str, str] = {}

    def visit_Assign(self, node: ast.Assign) -> None:
        text = _text(node.value, self.known)
        for target in node.targets:
            if text is not None and isinstance(target, ast.Name):
                self.known[target.id] = text

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None and isinstance(node.target, ast.Name):
            text = _text(node.value, self.known)
            if text is not None:
                self.known[node.target.id] = text


def _text(node: ast.expr, known: dict[str, str]) -> str | None:
    """The literal string that an expression is, sums and named constants included."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.Name):
        return known.get(node.id)
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        left, right = _text(node.left, known), _text(node.right, known)
        return left + right if left is not None and right is not None else None
    return None


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for path in sorted(SOURCE.rglob("*.py")):
        yield path.relative_to(SOURCE).as_posix(), ast.parse(path.read_text())


def _statements() -> tuple[list[Statement], list[str]]:
    found: list[Statement] = []
    built: list[str] = []
    for module, tree in _modules():
        if module in _BELOW | _AS_OWNER:
            continue
        constants = _Constants()
        constants.visit(tree)
        system = {
            inner
            for function in ast.walk(tree)
            if isinstance(function, ast.AsyncFunctionDef)
            and "system transaction" in (ast.get_docstring(function) or "").lower()
            for inner in ast.walk(function)
        }
        for node in ast.walk(tree):
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.args):
                continue
            if node.func.attr not in _METHODS:
                continue
            first = node.args[0]
            if isinstance(first, ast.JoinedStr):
                start = first.values[0] if first.values else None
                if isinstance(start, ast.Constant) and _SQL.match(str(start.value)):
                    built.append(f"{module}:{node.lineno}")
                continue
            text = _text(first, constants.known)
            if text is not None and _SQL.match(text):
                found.append(Statement(module, node.lineno, text, node in system))
        # Statements that are handed over through a name.
        known = {statement.text for statement in found if statement.module == module}
        for text in constants.known.values():
            if _SQL.match(text) and text not in known and re.search(r"\b(from|into|set|values|select)\b", text):
                found.append(Statement(module, 0, text))
    return found, built


def _works_across_tenants(tree: ast.Module) -> bool:
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and any(alias.name == "SystemDb" for alias in node.names):
            return True
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and node.func.attr in ("system", "SystemDb")
            and node.args
        ):
            return True
    return False


def test_no_statement_is_built_from_pieces_at_run_time():
    _found, built = _statements()

    assert built == []


async def test_every_statement_prepares_against_the_head_and_is_granted_to_its_role(dsns: postgres.Dsns):
    statements, _built = _statements()
    assert len(statements) > 30
    across = {module for module, tree in _modules() if _works_across_tenants(tree)}
    # A store takes a transaction, so its slice's services tell whose it may be.
    folders = {module.rsplit("/", 1)[0] for module in across if "/" in module}
    app: Any = await asyncpg.connect(dsns.app)
    system: Any = await asyncpg.connect(dsns.system)
    problems: list[str] = []
    try:
        for statement in statements:
            may_be_system = statement.says_system or (
                statement.module in across or statement.module.rsplit("/", 1)[0] in folders
            )
            problem = await _try(app, statement.text)
            if isinstance(problem, asyncpg.InsufficientPrivilegeError) and may_be_system:
                problem = await _try(system, statement.text)
            if problem is not None:
                problems.append(f"{statement.module}:{statement.line}: {type(problem).__name__}: {problem}")
    finally:
        await app.close()
        await system.close()

    assert not problems, "\n".join(problems)


async def _try(connection: Any, text: str) -> asyncpg.PostgresError | None:
    """Prepare, and plan with every argument null, which is where Postgres looks at privileges."""
    try:
        prepared = await connection.prepare(text)
        if re.match(r"^\s*(select|insert|update|delete|with|merge)\b", text, re.I):
            await connection.fetch(f"explain {text}", *[None] * len(prepared.get_parameters()))
    except asyncpg.PostgresError as error:
        return error
    return None


def test_f0_1_nothing_sets_the_tenant_for_longer_than_a_transaction():
    """Behind a pooler a session's setting is the next caller's: 340 of 360 reads were another tenant's."""
    session = re.compile(r"\bset\s+(session\s+)?app\.|set_config\s*\([^)]*,\s*false\s*\)", re.I)
    problems = [
        f"{path.relative_to(SOURCE)}:{number}"
        for path in sorted([*SOURCE.rglob("*.py"), *SOURCE.rglob("*.sql")])
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if session.search(line)
    ]

    assert not problems, "\n".join(problems)


def test_f0_1_the_settings_are_written_in_one_place():
    writes = re.compile(r"set local app\.|set_config\(", re.I)
    places = {path.relative_to(SOURCE).as_posix() for path in SOURCE.rglob("*.py") if writes.search(path.read_text())}

    assert places == {"infra/db.py"}


def test_f0_1_only_named_modules_work_across_tenants():
    across = {module for module, tree in _modules() if _works_across_tenants(tree)}

    assert across == set(ACROSS_TENANTS)


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("tx.all('select 1')", 1),
        ("Q = 'select ' + '1'\ntx.one(Q)", 1),
        ("subprocess.run(['select'])", 0),
        ("subprocess.run('selection')", 0),
    ],
)
def test_the_finder_finds_statements(source: str, found: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "m.py").write_text(source)
    monkeypatch.setattr(f"{__name__}.SOURCE", tmp_path)

    assert len(_statements()[0]) == found
