"""What holds for every table: row level security, tenants, references, indexes, ranges, keys, retention."""

import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from radiant.infra.db import Database
from tests.kit import postgres
from tests.kit.catalogue import Table, read_tables
from tests.kit.people import Tenant
from tests.kit.rows import RowBuilder

DOCS = Path(__file__).parents[2] / "docs" / "reference"

# Tables without a tenant, and why.
WITHOUT_TENANT = {
    "tenants": "it is the tenant: its own id is compared",
    "external_models": "the catalogue is the same for all",
    "self_hosted_models": "the catalogue is the same for all",
    "brain_model_statistics": "figures that name nobody, so that a new tenant knows something (F11.7)",
    "brain_model_evidence": "sums that name nobody and hold no text, so that a new tenant knows something (F11.7)",
    "brain_refits": "corrections of the catalogue that name nobody",
    "credential_fingerprint_keys": "one key, by which the platform's own texts are held against everybody's values",
    "sign_in_attempts": "counted before anybody is known",
    "outbox_sinks": "positions of readers",
    "retention_policies": "rules for tables",
    "month_partitions": "rules for tables",
    "usage_journals": "of processes, which serve every tenant",
    "error_spools": "of processes, which serve every tenant",
    "pgqueuer": "machinery; the tenant is in its headers, which its policy checks",
    "pgqueuer_log": "machinery",
    "pgqueuer_schedules": "machinery",
    "pgqueuer_statistics": "machinery",
}
# Tables whose tenant_id is no reference, since they outlive what they speak of.
OUTLIVES = {
    "audit_log": "append-only trail",
    "credential_access_log": "append-only trail (F15.8)",
    "credential_trail_keys": "what verifies that trail lasts as long as it does",
    "object_deletions": "the object must still be removed when its tenant is gone",
    "usage_metrics_rejected": "a wrong tenant is one of the reasons for being here",
}
# References without the tenant in them, and why no other tenant can be reached.
NOT_COMPOSITE = {
    "error_logs.resolved_by": "an operator, of whichever tenant; operators alone write it",
    "error_patterns.assigned_to": "the platform's are an operator's, of whichever tenant; the service looks whom it names",
    "error_patterns.resolved_by": "an operator's, of whichever tenant",
}
# Kept until their owner, their parent or their tenant is deleted.
KEPT = {
    "tenants", "users", "messages", "external_models", "self_hosted_models", "provider_connections",
    "audit_log", "budgets", "rate_limits", "outbox_sinks", "retention_policies", "month_partitions", "object_deletions",
    "policies", "guardrails", "learning_leases",
    "brain_routing_rules", "brain_feedback", "brain_model_statistics", "brain_tenant_statistics", "brain_settings",
    "brain_model_evidence", "brain_tenant_evidence", "brain_uncounted_calls",
    "user_preferences",
    "personalization_settings", "error_projects", "error_settings", "credential_vaults", "credential_vault_members",
    "stored_credentials", "credential_access_log", "credential_trail_keys", "credential_rotators", "credential_mirrors",
    "credential_fingerprint_keys", "aws_identities", "aws_key_rotation_steps", "thinktank_events", "thinktank_steps", "thinktank_tools",
    "thinktank_tool_settings", "tool_servers",
    "concurrent_sessions", "concurrent_panes", "concurrent_sync_state", "concurrent_turns", "concurrent_turn_questions",
    "collaboration_comments", "collaboration_owners", "collaboration_rooms",
    "room_participants", "voice_transcriptions", "voice_synthesis", "voice_turns", "voice_videos", "video_frames",
    "voice_pieces", "memory_stores",
    "sso_connections", "user_identities", "totp_secrets", "recovery_codes", "passkeys", "groups",
    "group_members", "scim_tokens",
    "knowledge_bases", "documents", "document_passages", "document_terms",
    "memory_evidence", "memory_groups", "memory_relationships", "memory_terms", "canvases", "gateway_batch_lines", "merge_responses", "pgqueuer_schedules",
}  # fmt: skip
KINDS = {"tenant", "person", "shareable", "shared", "global", "drop box", "system"}


@pytest.fixture
async def tables(owner: Any) -> dict[str, Table]:
    return await read_tables(owner)


async def test_f0_1_every_table_enables_and_forces_row_level_security(tables: dict[str, Table]):
    assert [name for name, table in tables.items() if not (table.secured and table.forced)] == []


async def test_f0_1_every_partition_is_closed_to_the_application(owner: Any):
    rows = await owner.fetch(
        "select c.relname, c.relrowsecurity and c.relforcerowsecurity as secured,"
        " has_table_privilege('radiant_app', c.oid, 'select, insert, update, delete') as open"
        " from pg_class c where c.relispartition and c.relkind = 'r'"
    )

    assert rows
    assert [row["relname"] for row in rows if not row["secured"] or row["open"]] == []


async def test_f0_1_every_policy_is_of_a_known_kind_with_a_check_of_its_own(tables: dict[str, Table]):
    problems: list[str] = []
    for name, table in tables.items():
        system = table.policies.get("system")
        if system is None or system.roles != ("radiant_system",):
            problems.append(f"{name}: no policy for the system role")
        narrowing = {"own_name"} if table.kind == "shareable" else set()
        if unknown := set(table.policies) - {"system", "tenant", "person", "global", "reader"} - narrowing:
            problems.append(f"{name}: policies {unknown}")
        reader = table.policies.get("reader")
        if reader is not None and (reader.roles != ("radiant_reader",) or reader.command != "r"):
            problems.append(f"{name}.reader is for {reader.roles}, and for more than reading")
        if reader is not None and not {"app.tenant()", "app.person()"} <= set(
            re.findall(r"app\.\w+\(\)", reader.using or "")
        ):
            problems.append(f"{name}.reader does not ask for the tenant and the person")
        if "tenant" in table.policies and "person" in table.policies:
            problems.append(f"{name}: policies are added up, so a tenant policy undoes the person's")
        for policy in table.policies.values():
            if policy.name not in ("system", "reader") and policy.roles != ("radiant_app",):
                problems.append(f"{name}.{policy.name} is for {policy.roles}")
            if policy.command in ("*", "w", "a") and policy.check is None:
                problems.append(f"{name}.{policy.name} has no WITH CHECK")
            if policy.name == "global" and policy.command != "r":
                problems.append(f"{name}: global rows can be written")
            if policy.name in ("tenant", "person") and "app.tenant()" not in (policy.check or ""):
                problems.append(f"{name}.{policy.name} does not ask for the tenant")
        assert table.kind in KINDS

    assert not problems, "\n".join(problems)


async def test_f0_1_the_roles_own_nothing_and_bypass_nothing(owner: Any):
    roles = await owner.fetch(
        "select rolname, rolsuper, rolbypassrls, rolcreatedb, rolcreaterole, rolreplication from pg_roles"
        " where rolname in ('radiant_app', 'radiant_system', 'radiant_reader') order by 1"
    )
    assert [tuple(role) for role in roles] == [
        ("radiant_app", False, False, False, False, False),
        ("radiant_reader", False, False, False, False, False),
        ("radiant_system", False, False, False, False, False),
    ]
    owned = await owner.fetchval(
        "select count(*) from pg_shdepend d join pg_roles r on r.oid = d.refobjid"
        " where d.deptype = 'o' and r.rolname in ('radiant_app', 'radiant_system', 'radiant_reader')"
    )
    assert owned == 0
    memberships = await owner.fetch(
        "select r.rolname, m.roleid::regrole::text as of, m.inherit_option, m.admin_option from pg_auth_members m"
        " join pg_roles r on r.oid = m.member where r.rolname in ('radiant_app', 'radiant_system', 'radiant_reader')"
    )
    # It may become the reader, who may less, and is not by itself.
    assert [tuple(row) for row in memberships] == [("radiant_app", "radiant_reader", False, False)]
    for role in ("radiant_app", "radiant_system"):
        assert not await owner.fetchval("select has_schema_privilege($1, 'public', 'create')", role)
        assert not await owner.fetchval("select has_schema_privilege($1, 'app', 'create')", role)


async def test_f0_1_trails_can_be_added_to_and_never_changed(owner: Any):
    for table in ("audit_log", "credential_access_log"):
        for role in ("radiant_app", "radiant_system"):
            for verb in ("update", "delete", "truncate"):
                held = await owner.fetchval("select has_table_privilege($1, $2, $3)", role, table, verb)
                assert not held, (table, role, verb)
            assert not await owner.fetchval("select has_any_column_privilege($1, $2, 'update')", role, table)


async def test_f0_4_every_table_names_its_tenant_or_is_on_the_list(tables: dict[str, Table]):
    without = {name for name, table in tables.items() if "tenant_id" not in table.columns}

    assert without == set(WITHOUT_TENANT)


async def test_f0_4_every_tenant_id_is_held_by_a_reference(tables: dict[str, Table]):
    loose = {
        name
        for name, table in tables.items()
        if "tenant_id" in table.columns and not any("tenant_id" in key.columns for key in table.foreign_keys)
    }

    assert loose == set(OUTLIVES)


async def test_f0_9_every_reference_carries_the_tenant(tables: dict[str, Table]):
    problems: list[str] = []
    for name, table in tables.items():
        for key in table.foreign_keys:
            pairs = set(zip(key.columns, key.parent_columns, strict=True))
            # owner_id is made of tenant_id, and holds for the platform's own rows too.
            if key.parent == "tenants" or pairs & {("tenant_id", "tenant_id"), ("owner_id", "owner_id")}:
                continue
            if f"{name}.{key.columns[-1]}" not in NOT_COMPOSITE:
                problems.append(f"{name} {key.columns} -> {key.parent}")

    assert not problems, "\n".join(problems)


async def test_f0_9_person_owned_children_carry_the_person_of_their_parent(tables: dict[str, Table]):
    problems = [
        f"{name} -> {key.parent}"
        for name, table in tables.items()
        if table.kind in ("person", "shareable")
        for key in table.foreign_keys
        if tables[key.parent].kind in ("person", "shareable")
        and "user_id" not in key.columns
        # Within one chat, whose key holds the person.
        and (name, key.parent) not in {("messages", "messages"), ("chats", "messages")}
        # What may be the tenant's own has a second key, for where there is no person.
        and not any(
            other.parent == key.parent and set(other.columns) == {*key.columns, "user_id"}
            for other in table.foreign_keys
        )
    ]

    assert not problems, "\n".join(problems)


async def test_f0_9_a_row_cannot_refer_to_another_tenant_whatever_the_policies(
    owner: Any, tables: dict[str, Table], two_tenants: tuple[Tenant, Tenant]
):
    """Foreign keys are checked without row level security, so the key itself must refuse."""
    ours, theirs = two_tenants
    mine = RowBuilder(owner, tables, ours.id, ours.user_id)
    foreign = RowBuilder(owner, tables, theirs.id, theirs.user_id)
    problems: list[str] = []
    for name, table in tables.items():
        for key in table.foreign_keys:
            if "tenant_id" not in key.columns or key.parent == "tenants":
                continue
            parent = await foreign.row(key.parent)
            values = await mine.values(name)
            values |= {
                column: parent[its]
                for column, its in zip(key.columns, key.parent_columns, strict=True)
                if column not in ("tenant_id", "shared", "id")
            }
            try:
                async with owner.transaction():
                    await mine.insert(name, values)
            except (asyncpg.ForeignKeyViolationError, asyncpg.CheckViolationError):
                continue
            problems.append(f"{name} {key.columns} -> {key.parent}")

    assert not problems, "\n".join(problems)


async def test_f0_10_every_reference_says_what_a_deletion_does(tables: dict[str, Table]):
    unsaid = [
        f"{name} {key.columns} -> {key.parent}"
        for name, table in tables.items()
        for key in table.foreign_keys
        if key.on_delete not in "cn"
    ]

    assert unsaid == []


async def test_f0_10_setting_null_spares_the_tenant(tables: dict[str, Table]):
    problems = [
        f"{name} {key.columns}"
        for name, table in tables.items()
        for key in table.foreign_keys
        if key.on_delete == "n" and "tenant_id" in key.columns and key.set_null != key.columns[-1:]
    ]

    assert not problems, "\n".join(problems)


async def test_f0_10_the_reference_page_lists_every_reference(tables: dict[str, Table]):
    page = (DOCS / "deletion.md").read_text()
    missing = [
        line
        for name, table in tables.items()
        for key in table.foreign_keys
        if (line := deletion_line(name, key)) not in page
    ]

    assert missing == []


def deletion_line(name: str, key: Any) -> str:
    """How docs/reference/deletion.md says it."""
    columns = ", ".join(c for c in key.columns if c not in ("tenant_id", "shared")) or "tenant_id"
    return f"| `{name}` | {columns} | `{key.parent}` | {'deleted' if key.on_delete == 'c' else 'set to null'} |"


async def test_every_reference_has_an_index_that_serves_it(tables: dict[str, Table]):
    problems: list[str] = []
    for name, table in tables.items():
        for key in table.foreign_keys:
            served = any(_serves(index.columns, key.columns) for index in table.indexes)
            if not served:
                problems.append(f"{name} {key.columns} -> {key.parent}")

    assert not problems, "\n".join(problems)


def _serves(index: tuple[str | None, ...], key: tuple[str, ...]) -> bool:
    """Whether the index finds a reference's rows: it begins with columns of the key, the most telling among them."""
    leading: list[str] = []
    for column in index:
        if column not in key:
            break
        leading.append(column)
    return key[-1] in leading


async def test_f0_11_every_ratio_is_held_between_0_and_1(tables: dict[str, Table]):
    problems: list[str] = []
    for name, table in tables.items():
        for column in table.columns.values():
            ranged = column.type == "numeric(9,8)"
            if ranged != bool(re.search("confidence|importance|strength|weight$|quality_score", column.name)):
                problems.append(f"{name}.{column.name} is {column.type}")
            if ranged and not any(
                re.search(rf"\({column.name} >= \(?0.*{column.name} <= \(?1", check) for check in table.checks
            ):
                problems.append(f"{name}.{column.name} has no range")

    assert not problems, "\n".join(problems)


async def test_f0_11_a_confidence_beyond_its_range_is_refused_by_its_check(
    owner: Any, tables: dict[str, Table], tenant: Tenant
):
    builder = RowBuilder(owner, tables, tenant.id, tenant.user_id)
    for value in ("1.00000001", "-0.1", "1.5"):
        values = await builder.values("user_preferences", confidence=Decimal(value))
        with pytest.raises(asyncpg.CheckViolationError):
            await builder.insert("user_preferences", values)


async def test_f0_11_every_status_type_role_and_kind_is_a_set_or_a_form(tables: dict[str, Table]):
    free = {
        # Written by our own code alone, open-ended by nature.
        "runs.kind", "run_events.kind", "usage_ledger.kind", "audit_log.target_kind", "usage_ledger.error_kind",
        "assets.media_type", "documents.media_type", "documents.next_media_type", "error_logs.error_type", "error_patterns.error_type","brain_routing_history.error_kind", "idempotency_keys.status", "memories.scope",
    }  # fmt: skip
    problems = [
        f"{name}.{column}"
        for name, table in tables.items()
        if not name.startswith("pgqueuer")
        for column, facts in table.columns.items()
        if facts.type.startswith(("character", "text"))
        and re.search(r"(^|_)(status|state|type|role|kind|mode|severity|strategy|scope|period)$", column)
        and f"{name}.{column}" not in free
        and not any(re.search(rf"\b{column}\b.*(ANY|~)", check) for check in table.checks)
    ]

    assert not problems, "\n".join(problems)


@pytest.mark.parametrize(
    ("table", "columns"),
    [
        (
            "aggregated_metrics",
            {"tenant_id", "period_type", "period_start", "metric_type", "dimension", "value", "user_id"},
        ),
        ("user_behavior_patterns", {"tenant_id", "user_id", "pattern_type", "pattern_key"}),
        ("concurrent_sync_state", {"tenant_id", "user_id", "session_id"}),
        ("concurrent_panes", {"tenant_id", "user_id", "session_id", "pane_index"}),
        ("thinktank_steps", {"tenant_id", "session_id", "step_number"}),
        ("error_patterns", {"owner_id", "project_id", "grouping_version", "fingerprint"}),
        ("stored_credentials", {"tenant_id", "vault_id", "credential_name"}),
        ("thinktank_tools", {"tenant_id", "tool_name"}),
        ("artifact_versions", {"artifact_id", "version"}),
        ("usage_metric_events_seen", {"tenant_id", "event_id"}),
        ("visual_pipeline_jobs", {"tenant_id", "user_id", "idempotency_key"}),
        ("collaboration_updates", {"room_id", "seq"}),
        ("credential_access_log", {"tenant_id", "seq"}),
        ("audit_log", {"tenant_id", "seq"}),
        ("run_events", {"run_id", "seq"}),
    ],
)
async def test_f0_12_what_must_be_unique_is_unique(tables: dict[str, Table], table: str, columns: set[str]):
    assert any(index.is_unique and set(index.columns) == columns for index in tables[table].indexes)


async def test_f0_12_a_second_row_for_one_period_is_refused(owner: Any, tables: dict[str, Table], tenant: Tenant):
    builder = RowBuilder(owner, tables, tenant.id, tenant.user_id)
    values = await builder.values("aggregated_metrics", period_type="daily")
    await builder.insert("aggregated_metrics", values)

    with pytest.raises(asyncpg.UniqueViolationError):
        await builder.insert("aggregated_metrics", values)


async def test_f0_13_every_table_has_a_rule_of_retention_or_is_kept_on_purpose(owner: Any, tables: dict[str, Table]):
    ruled = {row[0] for row in await owner.fetch("select table_name from retention_policies")}
    ruled |= {row[0] for row in await owner.fetch("select table_name from month_partitions")}

    assert ruled & KEPT == set()
    assert ruled | KEPT == set(tables)


async def test_f0_13_the_reference_page_states_every_rule(owner: Any):
    page = (DOCS / "retention.md").read_text()
    rules = await owner.fetch("select table_name::text, keep::text, only_where from retention_policies")
    missing = [row for row in rules if f"| `{row['table_name']}` | {row['keep']} |" not in page]
    missing += [name for name in KEPT if f"`{name}`" not in page]

    assert missing == []


async def test_f0_13_retention_deletes_what_is_old_in_batches_and_keeps_the_rest(
    owner: Any, db: Database, tables: dict[str, Table], tenant: Tenant
):
    builder = RowBuilder(owner, tables, tenant.id, tenant.user_id)
    for n in range(5):
        await builder.insert("error_logs", await builder.values("error_logs"))
        await builder.insert("sign_in_attempts", {"subject": str(n)})
    await owner.execute("update error_logs set created_at = created_at - interval '91 days'")
    await owner.execute("update sign_in_attempts set at = at - interval '2 days' where subject <> '0'")

    async with db.system("test").tx() as tx:
        first = dict(await tx.all("select of_table, deleted from app.apply_retention(3) where deleted > 0"))
        second = dict(await tx.all("select of_table, deleted from app.apply_retention(3) where deleted > 0"))

    assert first == {"error_logs": 3, "sign_in_attempts": 3}
    assert second == {"error_logs": 2, "sign_in_attempts": 1}
    assert await owner.fetchval("select count(*) from sign_in_attempts") == 1


async def test_f0_13_every_rule_runs_against_its_table(owner: Any, db: Database):
    async with db.system("test").tx() as tx:
        ran = await tx.all("select of_table from app.apply_retention()")

    assert len(ran) == await owner.fetchval("select count(*) from retention_policies")


async def test_f0_13_the_application_cannot_touch_the_rules(db: Database, tenant: Tenant):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        async with tenant.db.tx() as tx:
            await tx.all("select * from app.apply_retention()")


async def test_f0_15_money_is_nano_dollars(tables: dict[str, Table]):
    money = re.compile(r"(^|_)(cost|price|amount|spent|reserved)$")
    problems = [
        f"{name}.{column.name} is {column.type}"
        for name, table in tables.items()
        for column in table.columns.values()
        if money.search(column.name) and column.type != "numeric(20,9)"
    ]

    assert not problems, "\n".join(problems)


async def test_f0_15_a_call_of_a_thousandth_of_a_cent_is_not_rounded_away(
    owner: Any, tables: dict[str, Table], tenant: Tenant
):
    builder = RowBuilder(owner, tables, tenant.id, tenant.user_id)
    values = await builder.values("brain_routing_history", cost=Decimal("0.000000075"))
    row = await builder.insert("brain_routing_history", values)

    assert row["cost"] == Decimal("0.000000075")


async def test_f0_7_no_key_is_made_from_the_clock(tables: dict[str, Table]):
    problems = [
        f"{name}.{column.name}: {column.default}"
        for name, table in tables.items()
        for column in table.columns.values()
        if column.type == "uuid" and column.default not in (None, "gen_random_uuid()") and not column.generated
    ]

    assert not problems, "\n".join(problems)


async def test_the_wipe_between_tests_leaves_no_row(owner: Any, tenant: Tenant):
    await postgres.wipe(owner)

    assert await owner.fetchval("select count(*) from tenants") == 0
    assert await owner.fetchval("select count(*) from retention_policies") > 0
