-- How long rows are kept, and the partitions of tables that grow by time.

-- One row a rule; a daily job calls app.apply_retention(). The operator may change `keep`; docs/reference/retention.md
-- lists the defaults. A table with several kinds of rows has several rules, told apart by `only_where`.
create table retention_policies (
    table_name name not null,
    only_where varchar(200) not null default 'true',
    time_column name not null,
    keep interval not null check (keep >= interval '1 minute'),
    primary key (table_name, only_where)
);
call app.system_table('retention_policies');
revoke insert, delete, update on retention_policies from radiant_system;
grant update (keep) on retention_policies to radiant_system;

-- For migrations: state a rule. The owner of the tables need not be a superuser, so FORCE is lifted for the moment.
create procedure app.retain(tbl regclass, time_column name, keep interval, only_rows text default 'true')
language plpgsql as $$
begin
    alter table retention_policies no force row level security;
    insert into retention_policies (table_name, only_where, time_column, keep)
        values (tbl::text::name, only_rows, time_column, keep);
    alter table retention_policies force row level security;
    -- What is old is found without reading the whole table. A block range index costs next to nothing, and rows lie
    -- in the order of their times.
    if not exists (select from pg_index i join pg_attribute a on a.attrelid = i.indrelid and a.attnum = i.indkey[0]
            where i.indrelid = tbl and a.attname = time_column) then
        execute format('create index %I on %s using brin (%I)', tbl::text || '_' || time_column || '_old', tbl, time_column);
    end if;
end $$;

-- Delete at most `batch` rows of each rule that are older than it keeps; the number deleted, by table. Call it again
-- while it returns a full batch. Runs as radiant_system; `only_where` is written by migrations alone.
create function app.apply_retention(batch integer default 5000)
returns table (of_table name, deleted bigint) language plpgsql as $$
declare
    rule record;
begin
    for rule in select p.table_name, p.only_where, p.time_column, p.keep from retention_policies p order by 1, 2 loop
        execute format('delete from %I where ctid = any (array(
            select ctid from %I where %I < current_timestamp - $1 and (%s) limit $2))',
            rule.table_name, rule.table_name, rule.time_column, rule.only_where)
            using rule.keep, batch;
        get diagnostics deleted = row_count;
        of_table := rule.table_name;
        return next;
    end loop;
end $$;
revoke execute on function app.apply_retention from public;
grant execute on function app.apply_retention to radiant_system;

-- Tables partitioned by month, and for how many months each is kept.
create table month_partitions (
    table_name name primary key,
    keep_months integer not null check (keep_months > 0)
);
call app.system_table('month_partitions');
revoke insert, delete, update on month_partitions from radiant_system;
grant update (keep_months) on month_partitions to radiant_system;

-- Create the month of `day` of one table. Rows that waited in its default partition move along. Nothing is granted on
-- a partition: it is reached through its parent, whose policies hold.
create function app.create_month_partition(parent regclass, day date) returns boolean
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    first timestamptz := date_trunc('month', day::timestamp) at time zone 'UTC';
    next timestamptz := (date_trunc('month', day::timestamp) + interval '1 month') at time zone 'UTC';
    part text := parent::text || '_' || to_char(day, 'YYYYMM');
    waiting regclass := to_regclass(parent::text || '_default');
    partition_key text := split_part(split_part(pg_get_partkeydef(parent), '(', 2), ')', 1);
begin
    if to_regclass(part) is not null then
        return false;
    end if;
    execute format('create table %I (like %s including defaults including constraints)', part, parent);
    if waiting is not null then
        execute format('alter table %s no force row level security', waiting);
        execute format('with moved as (delete from %s where %s >= %L and %s < %L returning *) insert into %I select * from moved',
            waiting, partition_key, first, partition_key, next, part);
        execute format('alter table %s force row level security', waiting);
    end if;
    execute format('alter table %I enable row level security', part);
    execute format('alter table %I force row level security', part);
    execute format('alter table %s attach partition %I for values from (%L) to (%L)', parent, part, first, next);
    return true;
end $$;

-- For migrations: begin to keep a table by months, with a default partition so that no row is ever refused.
create procedure app.partition_by_month(parent regclass, keep_months integer) language plpgsql as $$
begin
    alter table month_partitions no force row level security;
    insert into month_partitions values (parent::text::name, keep_months);
    alter table month_partitions force row level security;
    execute format('create table %I partition of %s default', parent::text || '_default', parent);
    execute format('alter table %I enable row level security', parent::text || '_default');
    execute format('alter table %I force row level security', parent::text || '_default');
    for month in -1..3 loop
        perform app.create_month_partition(parent,
            ((current_timestamp at time zone 'UTC') + make_interval(months => month))::date);
    end loop;
end $$;

-- The partitions of the last month, this one and `months_ahead` more, for every such table; how many were made.
-- A daily job calls it.
create function app.create_month_partitions(months_ahead integer default 3) returns integer
language plpgsql set search_path = public, pg_temp as $$
declare
    parent name;
    made integer := 0;
    month integer;
begin
    for parent in select table_name from month_partitions order by 1 loop
        for month in -1..months_ahead loop
            if app.create_month_partition(parent::regclass,
                    ((current_timestamp at time zone 'UTC') + make_interval(months => month))::date) then
                made := made + 1;
            end if;
        end loop;
    end loop;
    return made;
end $$;

-- Drop the months of one table that ended before `before`; a month costs nothing to drop.
create function app.drop_month_partitions(parent regclass, before date) returns integer
language plpgsql security definer set search_path = public, pg_temp as $$
declare
    part record;
    dropped integer := 0;
begin
    if not exists (select 1 from pg_partitioned_table where partrelid = parent) then
        raise exception '% is not partitioned', parent;
    end if;
    for part in select c.oid::regclass as name, c.relname from pg_inherits i join pg_class c on c.oid = i.inhrelid
            where i.inhparent = parent and c.relname ~ '_\d{6}$' loop
        if to_date(right(part.relname, 6), 'YYYYMM') + interval '1 month' <= before then
            execute format('drop table %s', part.name);
            dropped := dropped + 1;
        end if;
    end loop;
    return dropped;
end $$;

-- The same for every such table, by what month_partitions keeps. A daily job calls it.
create function app.drop_month_partitions() returns integer
language plpgsql set search_path = public, pg_temp as $$
declare
    rule record;
    dropped integer := 0;
begin
    for rule in select table_name, keep_months from month_partitions order by 1 loop
        dropped := dropped + app.drop_month_partitions(rule.table_name::regclass,
            ((current_timestamp at time zone 'UTC') - make_interval(months => rule.keep_months))::date);
    end loop;
    return dropped;
end $$;

revoke execute on function app.create_month_partition, app.create_month_partitions,
    app.drop_month_partitions(regclass, date), app.drop_month_partitions() from public;
grant execute on function app.create_month_partition, app.create_month_partitions,
    app.drop_month_partitions(regclass, date), app.drop_month_partitions() to radiant_system;

call app.retain('sessions', 'expires_at', '1 day');
call app.retain('sign_in_attempts', 'at', '1 day');
call app.retain('api_keys', 'revoked_at', '1 year');
call app.retain('run_events', 'at', '7 days');
call app.retain('runs', 'created_at', '90 days', 'finished_at is not null');
call app.retain('chats', 'deleted_at', '30 days');
call app.retain('assets', 'expires_at', '1 minute');
call app.retain('idempotency_keys', 'created_at', '1 day');
call app.retain('usage_ledger', 'created_at', '3 years', 'state <> ''reserved''');
call app.retain('budget_periods', 'period_start', '3 years', 'period_start > ''1970-01-02''');
call app.retain('budget_leases', 'expires_at', '1 day');
call app.retain('outbox', 'created_at', '1 day',
    'not exists (select from outbox_sinks s where (s.last_tx, s.last_id) < (outbox.tx, outbox.id))');
call app.retain('outbox_refused', 'refused_at', '90 days');
