"""The command line: people, workspaces, keys, models, the doctor; one line and a code where something is wrong."""

import asyncio
import json
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from click.testing import CliRunner, Result

from radiant import dev
from radiant.cli import main
from radiant.foundation.identity import passwords
from radiant.infra.embedded_postgres import EmbeddedPostgres
from radiant.infra.migrate import load
from tests.roots.home import free_port

# The commands bring a loop of their own.
pytestmark = pytest.mark.blocks

Radiant = Callable[..., Result]


def invoke(*words: str, **environment: str | None) -> Result:
    """`radiant …` in this process; never a traceback."""
    cleared = {"RADIANT_CONFIG": None, "RADIANT_DATABASE_URL": None, "RADIANT_CHECKOUT": None}
    result = CliRunner().invoke(main, list(words), env={**cleared, **environment})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


@pytest.fixture(scope="module")
def embedded() -> Iterator[EmbeddedPostgres]:
    """A database with one workspace, `main`, and its owner."""
    folder = Path(tempfile.mkdtemp(prefix="radiant-cli-"))
    folder.chmod(0o711)
    server = EmbeddedPostgres(folder / "data", {"fsync": "off", "autovacuum": "off"})
    server.start()
    try:
        environment = {"RADIANT_DATA_DIR": str(server.data_dir)}
        assert invoke("migrate", **environment).exit_code == 0
        made = invoke("tenant", "add", "main", "boss@example.org", "--name", "Main", **environment)
        assert made.exit_code == 0, made.output
        yield server
    finally:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def radiant(embedded: EmbeddedPostgres) -> Radiant:
    """`radiant …` on that database."""

    def run(*words: str, **environment: str) -> Result:
        return invoke(*words, RADIANT_DATA_DIR=str(embedded.data_dir), **environment)

    return run


def row_of(embedded: EmbeddedPostgres, statement: str, *arguments: Any) -> Any:
    async def ask() -> Any:
        connection: Any = await asyncpg.connect(embedded.dsn())
        try:
            return await connection.fetchrow(statement, *arguments)
        finally:
            await connection.close()

    return asyncio.run(ask())


def one_time_password(result: Result) -> str:
    found = re.search(r"one-time password: (\S+)", result.stdout)
    assert found is not None, result.output
    return found[1]


def fits(embedded: EmbeddedPostgres, email: str, password: str) -> bool:
    row = row_of(embedded, "select password_hash, must_change_password from users where email = $1", email)
    assert row["must_change_password"]
    return asyncio.run(passwords.verify_password(row["password_hash"], password))


def refused(result: Result, *words: str) -> bool:
    """Whether it ended in one line that holds these words, and code 1."""
    assert result.exit_code == 1, result.output
    assert result.stderr.startswith("radiant: ")
    assert len(result.stderr.splitlines()) == 1
    return all(word in result.stderr for word in words)


# People


def test_somebody_is_added_changed_and_disabled(radiant: Radiant, embedded: EmbeddedPostgres) -> None:
    added = radiant("user", "add", "Ada@Example.org", "--name", "Ada", "--role", "admin")
    assert added.exit_code == 0, added.output
    assert fits(embedded, "ada@example.org", one_time_password(added))
    assert re.search(r"^ada@example.org +admin +active$", radiant("user", "list").stdout, re.MULTILINE)
    assert radiant("user", "role", "ada@example.org", "viewer").stdout == "ada@example.org is viewer\n"
    reset = radiant("user", "reset-password", "ada@example.org")
    assert fits(embedded, "ada@example.org", one_time_password(reset))
    assert not fits(embedded, "ada@example.org", one_time_password(added))
    assert radiant("user", "disable", "ada@example.org").stdout == "ada@example.org is disabled\n"
    assert re.search(r"^ada@example.org +viewer +disabled$", radiant("user", "list").stdout, re.MULTILINE)


def test_what_cannot_be_done_with_people_is_one_line(radiant: Radiant) -> None:
    assert refused(radiant("user", "add", "boss@example.org"), "boss@example.org")
    assert refused(radiant("user", "add", "not-an-address"), "not-an-address")
    assert refused(radiant("user", "role", "boss@example.org", "member"), "owner")
    assert refused(radiant("user", "disable", "nobody@example.org"), "nobody@example.org", "radiant user list")
    assert refused(radiant("user", "list", "--tenant", "nowhere"), "nowhere", "radiant tenant list")
    assert radiant("user", "role", "boss@example.org", "king").exit_code == 2


def test_a_workspace_is_added_with_its_owner_and_people_of_one_are_not_of_another(
    radiant: Radiant, embedded: EmbeddedPostgres
) -> None:
    added = radiant("tenant", "add", "second", "chief@example.org", "--name", "Second")
    assert fits(embedded, "chief@example.org", one_time_password(added))
    lines = radiant("tenant", "list").stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["main", "second"]
    assert "chief" not in radiant("user", "list").stdout
    assert "chief" in radiant("user", "list", "--tenant", "second").stdout
    assert refused(radiant("tenant", "add", "second", "other@example.org"), "second")
    assert refused(radiant("tenant", "add", "Not A Slug", "other@example.org"), "slug")


def test_a_key_is_made_listed_and_revoked(radiant: Radiant, embedded: EmbeddedPostgres) -> None:
    made = radiant("key", "make", "boss@example.org", "--name", "script", "--scope", "inference", "--scope", "read")
    assert made.exit_code == 0, made.output
    secret = made.stdout.strip()
    assert secret.startswith("rad_")
    assert made.stderr.strip().startswith("curl ")
    assert secret in made.stderr
    line = next(line for line in radiant("key", "list").stdout.splitlines() if "script" in line)
    key_id, prefix, state, scopes = line.split()[:4]
    assert secret.startswith(prefix.rstrip("…"))
    assert (state, set(scopes.split(","))) == ("active", {"inference", "read"})
    assert secret not in line
    assert radiant("key", "revoke", key_id).stdout == "revoked\n"
    assert "revoked" in next(line for line in radiant("key", "list").stdout.splitlines() if "script" in line)
    row = row_of(embedded, "select revoked_at is not null as revoked from api_keys where id = $1", key_id)
    assert row["revoked"]


def test_what_cannot_be_done_with_keys_is_one_line(radiant: Radiant) -> None:
    assert refused(radiant("key", "revoke", "not-an-id"), "not-an-id")
    assert refused(radiant("key", "revoke", "01890000-0000-7000-8000-000000000000"))
    assert refused(radiant("key", "make", "boss@example.org", "--scope", "everything"), "inference, read, write")
    assert refused(radiant("key", "make", "nobody@example.org"), "nobody@example.org")


def test_secrets_are_rekeyed_under_a_new_master_key_and_the_former_forgotten(
    radiant: Radiant, embedded: EmbeddedPostgres
) -> None:
    file = embedded.data_dir.parent / ".data-master.key"
    radiant("vault", "rekey")
    (former,) = file.read_text().split()
    made = radiant("vault", "rekey", "--new-key")
    assert made.exit_code == 0, made.output
    assert "the present key is local:" in made.output
    assert "versions of credentials" in made.output
    present, kept = file.read_text().split()
    assert kept == former != present
    forgotten = radiant("vault", "rekey", "--forget-former")
    assert "forgotten: local:" in forgotten.output
    assert file.read_text().split() == [present]
    assert file.stat().st_mode & 0o077 == 0


def test_a_new_key_cannot_be_made_where_it_is_in_no_file(radiant: Radiant) -> None:
    refused = radiant("vault", "rekey", "--new-key", RADIANT_MASTER_KEY=f"{'ab' * 32},{'cd' * 32}")
    assert refused.exit_code == 1
    assert "RADIANT_MASTER_KEY" in refused.output
    assert refused.output.count("\n") == 1


def test_the_trails_are_verified_and_a_changed_entry_is_told(
    radiant: Radiant, embedded: EmbeddedPostgres, tmp_path: Path
) -> None:
    whole = radiant("audit", "verify")
    assert whole.exit_code == 0, whole.output
    assert "are whole; 0 heads compared" in whole.output
    heads = tmp_path / "heads.jsonl"
    heads.write_text(json.dumps({"at": "then", "chain": "audit", "tenant": None, "seq": 99, "hash": "00"}) + "\n")
    cut = radiant("audit", "verify", "--heads", str(heads))
    assert cut.exit_code == 1
    assert "audit  platform: entry 99, told at then, is gone" in cut.output


def test_before_the_first_start_commands_say_so_and_make_nothing(tmp_path: Path) -> None:
    data = tmp_path / "nothing"
    assert refused(invoke("user", "list", RADIANT_DATA_DIR=str(data)), "run radiant up first")
    assert not data.exists()


def test_migrate_says_where_the_database_is(radiant: Radiant, embedded: EmbeddedPostgres) -> None:
    assert radiant("migrate").stdout == "the database is at the head\n"
    assert row_of(embedded, "select count(*) as n from schema_migrations")["n"] == len(load())
    assert embedded.is_up(), "a server that was up is left up"


# The doctor


def findings(result: Result) -> dict[str, tuple[str, str]]:
    rows = [re.match(r"(ok|FAIL) +(\w+(?: \w+)?) {2,}(.*)", line) for line in result.stdout.splitlines()]
    return {row[2]: (row[1], row[3]) for row in rows if row is not None}


def test_the_doctor_finds_a_sound_machine_sound(radiant: Radiant) -> None:
    result = radiant("doctor", RADIANT_MODELS="none", RADIANT_PORT=str(free_port()))
    found = findings(result)
    wrong = {name: says for name, (state, says) in found.items() if state == "FAIL"}
    assert not wrong
    assert result.exit_code == 0
    assert {"python", "machine", "disk", "memory", "data folder", "database", "models", "page", "port"} == set(found)
    assert "at the head" in found["database"][1]
    assert "is free" in found["port"][1]


def test_the_doctor_names_what_is_wrong_and_what_to_do(radiant: Radiant, tmp_path: Path) -> None:
    result = radiant(
        "doctor",
        RADIANT_MODELS="minimal",
        RADIANT_MODELS_DIR=str(tmp_path / "no models"),
        RADIANT_DATABASE_URL="postgresql://renter:s3cret@127.0.0.1:1/rented",
    )
    assert result.exit_code == 1
    found = findings(result)
    assert found["models"][0] == "FAIL"
    assert "radiant models install" in found["models"][1]
    assert found["database"][0] == "FAIL"
    assert "RADIANT_DATABASE_URL" in found["database"][1]
    assert "s3cret" not in result.output
    assert found["python"][0] == "ok"


def test_the_doctor_changes_nothing(tmp_path: Path) -> None:
    data = tmp_path / "nothing"
    assert "will be made by radiant up" in invoke("doctor", RADIANT_DATA_DIR=str(data), RADIANT_MODELS="none").stdout
    assert not data.exists()


# Models


def test_models_are_listed_with_licence_and_state(small_models: Path) -> None:
    result = invoke("models", "list", RADIANT_MODELS_DIR=str(small_models))
    lines = {line.split()[0]: line for line in result.stdout.splitlines()}
    assert "installed" in lines["smollm2-135m-instruct"]
    assert "Apache" in lines["smollm2-135m-instruct"]
    nowhere = invoke("models", "list", RADIANT_MODELS_DIR=str(small_models / "nowhere")).stdout
    assert "installed" not in nowhere


def test_verify_tells_a_sound_model_from_a_damaged_one(small_models: Path, tmp_path: Path) -> None:
    name = "all-minilm-l6-v2"
    assert invoke("models", "verify", name, RADIANT_MODELS_DIR=str(small_models)).stdout == f"{name}: ok\n"
    shutil.copytree(small_models / name, tmp_path / name)
    largest = max((path for path in (tmp_path / name).rglob("*") if path.is_file()), key=lambda p: p.stat().st_size)
    with largest.open("r+b") as handle:
        handle.seek(1000)
        handle.write(b"damage")
    result = invoke("models", "verify", name, RADIANT_MODELS_DIR=str(tmp_path))
    assert result.exit_code == 1
    assert largest.name in result.stdout


def test_a_model_that_nobody_knows_is_one_line(tmp_path: Path) -> None:
    assert refused(invoke("models", "install", "gpt-17", RADIANT_MODELS_DIR=str(tmp_path)), "gpt-17")


# Settings


@pytest.mark.parametrize(
    ("environment", "says"),
    [
        ({"RADIANT_PORT": "eighty"}, "RADIANT_PORT: "),
        ({"RADIANT_PORT": "70000"}, "RADIANT_PORT: "),
        ({"RADIANT_MODELS": "huge"}, "RADIANT_MODELS: "),
        ({"RADIANT_PROT": "80"}, "RADIANT_PROT is no setting; did you mean RADIANT_PORT?"),
        ({"RADIANT_ZZZ": "1"}, "RADIANT_ZZZ is no setting"),
        ({"RADIANT_GGUF": "a.gguf"}, "RADIANT_GGUF: write a JSON list"),
        ({"RADIANT_CONFIG": "/nonexistent/radiant.toml"}, "RADIANT_CONFIG: there is no file"),
    ],
)
def test_a_bad_setting_is_one_line_that_names_it(environment: dict[str, str], says: str, tmp_path: Path) -> None:
    assert refused(invoke("doctor", RADIANT_DATA_DIR=str(tmp_path / "data"), **environment), says)


@pytest.mark.parametrize(
    ("toml", "says"),
    [
        ("prot = 80\n", "RADIANT_PROT is no setting"),
        ("port = [\n", "is not TOML"),
        ('port = "eighty"\n', "RADIANT_PORT: "),
    ],
)
def test_a_bad_configuration_file_is_one_line(toml: str, says: str, tmp_path: Path) -> None:
    (tmp_path / "radiant.toml").write_text(toml)
    environment = {"RADIANT_CONFIG": str(tmp_path / "radiant.toml"), "RADIANT_DATA_DIR": str(tmp_path / "data")}
    assert refused(invoke("doctor", **environment), says)


def test_the_environment_goes_before_the_file(tmp_path: Path) -> None:
    (tmp_path / "radiant.toml").write_text("port = 4321\nmodels = 'none'\n")
    environment = {"RADIANT_CONFIG": str(tmp_path / "radiant.toml"), "RADIANT_DATA_DIR": str(tmp_path / "data")}
    assert ":4321" in findings(invoke("doctor", **environment))["port"][1]
    assert ":4322" in findings(invoke("doctor", RADIANT_PORT="4322", **environment))["port"][1]


# For those who change RADIANT


def test_openapi_is_written_and_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dev, "ROOT", tmp_path)
    monkeypatch.setattr(dev, "OPENAPI", tmp_path / "openapi.json")
    assert invoke("openapi", "--check").exit_code == 1
    assert invoke("openapi").stdout == "openapi.json written\n"
    assert invoke("openapi", "--check").exit_code == 0
    described = json.loads(dev.OPENAPI.read_text())
    del described["paths"]["/api/health"]
    dev.OPENAPI.write_text(json.dumps(described, indent=1, sort_keys=True) + "\n")
    result = invoke("openapi", "--check")
    assert result.exit_code == 1
    assert "./radiant openapi" in result.stdout


def test_the_map_names_every_slice_with_its_purpose() -> None:
    lines = invoke("map").stdout.splitlines()
    for wing in ("doors", "workspace", "ai", "foundation"):
        for slice_ in (path.parent.name for path in (dev.SRC / wing).glob("*/__init__.py")):
            line = next(line for line in lines if line.strip().startswith(f"{slice_} "))
            assert re.search(r"tests +\S+", line), f"{slice_} has no purpose in its __init__"


# Locks


def pinned(name: str) -> dict[str, str]:
    """Package and version (with marker) of a lock file, each checked to carry hashes."""
    found: dict[str, str] = {}
    text = (dev.ROOT / "requirements" / f"{name}.txt").read_text().replace("\\\n", "")
    for line in text.splitlines():
        if not line.strip() or line.startswith("#"):
            continue
        package, _, rest = line.partition("==")
        version, *hashes = re.split(r"\s+--hash=", rest)
        assert hashes, f"{name}: {package} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", one.strip()) for one in hashes), package
        found[package] = version.strip()
    return found


def test_every_locked_package_has_hashes_and_no_file_names_an_index() -> None:
    for name in ("base", "test", "check"):
        text = (dev.ROOT / "requirements" / f"{name}.txt").read_text()
        assert "://" not in text
        assert not re.search(r"^\s*(-i|-f|--(extra-)?index-url|--find-links|--trusted-host)", text, re.MULTILINE)
        assert pinned(name)


def test_check_holds_test_holds_base() -> None:
    base, test, check = pinned("base"), pinned("test"), pinned("check")
    assert base.items() <= test.items()
    assert test.items() <= check.items()
