"""What the migrated database says about its own tables."""

from dataclasses import dataclass, field
from typing import Any

_TABLES = """
    select c.oid::bigint as oid, c.relname as name, c.relrowsecurity as secured, c.relforcerowsecurity as forced
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where n.nspname = 'public' and c.relkind in ('r', 'p') and not c.relispartition
        and c.relname <> 'schema_migrations' order by 2
"""
_COLUMNS = """
    select a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
        pg_get_expr(d.adbin, d.adrelid) as "default", a.attgenerated <> '' as generated,
        a.attidentity <> '' as is_identity
    from pg_attribute a left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
    where a.attrelid = $1::bigint::oid and a.attnum > 0 and not a.attisdropped order by a.attnum
"""
_FOREIGN_KEYS = """
    select con.conname as name, parent.relname as parent, con.confdeltype::text as on_delete,
        (select array_agg(a.attname order by k.n) from unnest(con.conkey) with ordinality k(num, n)
            join pg_attribute a on a.attrelid = con.conrelid and a.attnum = k.num) as columns,
        (select array_agg(a.attname order by k.n) from unnest(con.confkey) with ordinality k(num, n)
            join pg_attribute a on a.attrelid = con.confrelid and a.attnum = k.num) as parent_columns,
        (select array_agg(a.attname) from unnest(con.confdelsetcols) k
            join pg_attribute a on a.attrelid = con.conrelid and a.attnum = k) as set_null
    from pg_constraint con join pg_class parent on parent.oid = con.confrelid
    where con.conrelid = $1::bigint::oid and con.contype = 'f' and con.conparentid = 0 order by 1
"""
_CHECKS = """
    select pg_get_constraintdef(oid) as text from pg_constraint
    where conrelid = $1::bigint::oid and contype = 'c' order by 1
"""
_POLICIES = """
    select polname as name, polcmd::text as command, pg_get_expr(polqual, polrelid) as using,
        pg_get_expr(polwithcheck, polrelid) as check,
        (select array_agg(rolname::text) from pg_roles where oid = any (polroles)) as roles
    from pg_policy where polrelid = $1::bigint::oid order by 1
"""
_INDEXES = """
    select i.indisunique as is_unique, i.indpred is not null as is_partial,
        (select array_agg(a.attname order by k.n) from unnest(i.indkey[0:i.indnkeyatts - 1]) with ordinality k(num, n)
            left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.num) as columns
    from pg_index i where i.indrelid = $1::bigint::oid
"""


@dataclass(frozen=True, slots=True)
class Column:
    """One column; `type` as SQL spells it."""

    name: str
    type: str
    required: bool
    default: str | None
    generated: bool
    is_identity: bool


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """One reference. `on_delete`: a none, c cascade, n set null, r restrict."""

    name: str
    parent: str
    columns: tuple[str, ...]
    parent_columns: tuple[str, ...]
    on_delete: str
    set_null: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Policy:
    """One policy; command '*' is all."""

    name: str
    command: str
    using: str | None
    check: str | None
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Index:
    """One index; an expression's column is None."""

    columns: tuple[str | None, ...]
    is_unique: bool
    is_partial: bool


@dataclass(frozen=True, slots=True)
class Table:
    """One table of ours, partitions left out."""

    oid: int
    name: str
    secured: bool
    forced: bool
    columns: dict[str, Column] = field(default_factory=dict)
    foreign_keys: tuple[ForeignKey, ...] = ()
    checks: tuple[str, ...] = ()
    policies: dict[str, Policy] = field(default_factory=dict)
    indexes: tuple[Index, ...] = ()

    @property
    def kind(self) -> str:
        """Whose rows they are: tenant, person, shareable, shared, global, drop box, system."""
        tenant, person, for_all = (self.policies.get(name) for name in ("tenant", "person", "global"))
        if person is not None:
            return "shareable" if "shared" in (person.using or "") else "person"
        if tenant is not None and for_all is not None:
            return "shared"
        if tenant is not None:
            return "drop box" if tenant.command == "a" else "tenant"
        return "global" if for_all is not None else "system"


async def read_tables(connection: Any) -> dict[str, Table]:
    """Every table by name."""
    tables: dict[str, Table] = {}
    for row in await connection.fetch(_TABLES):
        oid = row["oid"]
        tables[row["name"]] = Table(
            oid=oid,
            name=row["name"],
            secured=row["secured"],
            forced=row["forced"],
            columns={r["name"]: Column(**r) for r in await connection.fetch(_COLUMNS, oid)},
            foreign_keys=tuple(
                ForeignKey(
                    r["name"],
                    r["parent"],
                    tuple(r["columns"]),
                    tuple(r["parent_columns"]),
                    r["on_delete"],
                    tuple(r["set_null"] or ()),
                )
                for r in await connection.fetch(_FOREIGN_KEYS, oid)
            ),
            checks=tuple(r["text"] for r in await connection.fetch(_CHECKS, oid)),
            policies={
                r["name"]: Policy(r["name"], r["command"], r["using"], r["check"], tuple(r["roles"] or ()))
                for r in await connection.fetch(_POLICIES, oid)
            },
            indexes=tuple(
                Index(tuple(r["columns"]), r["is_unique"], r["is_partial"])
                for r in await connection.fetch(_INDEXES, oid)
            ),
        )
    return tables
