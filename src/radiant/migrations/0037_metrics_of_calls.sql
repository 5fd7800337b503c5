-- Events of each call, hours that are due, and roll-ups by model, person, provider and key.

-- The call of the ledger that an event speaks of; null: it came from outside.
alter table usage_metrics add column call_id uuid;
-- Reads go by tenant and time: one index less is a tenth of the cost of a batch.
drop index usage_metrics_type;

-- Calls whose events are to be made, noted in the transaction that settled or corrected them: a row for each tenant of a
-- batch, since a row a call would have its reference looked up each time, for which the ledger's writer waits.
create table usage_metrics_due (
    id bigint generated always as identity primary key,
    tenant_id uuid not null references tenants (id) on delete cascade,
    calls uuid[] not null,
    noted_at timestamptz not null default current_timestamp
);
create index usage_metrics_due_tenant on usage_metrics_due (tenant_id);
call app.drop_box('usage_metrics_due');
call app.retain('usage_metrics_due', 'noted_at', '90 days');

create function app.note_settled_calls() returns trigger language plpgsql as $$
begin
    insert into usage_metrics_due (tenant_id, calls)
        select tenant_id, array_agg(id) from settled where state <> 'reserved' group by tenant_id;
    return null;
end $$;
create function app.note_changed_calls() returns trigger language plpgsql as $$
begin
    insert into usage_metrics_due (tenant_id, calls)
        select n.tenant_id, array_agg(n.id) from settled n join before b on b.id = n.id
        where n.state <> 'reserved' and (n.state, n.cost, n.ended) is distinct from (b.state, b.cost, b.ended)
        group by n.tenant_id;
    return null;
end $$;
create trigger note_settled_calls after insert on usage_ledger referencing new table as settled
    for each statement execute function app.note_settled_calls();
create trigger note_changed_calls after update on usage_ledger referencing old table as before new table as settled
    for each statement execute function app.note_changed_calls();

-- Hours with events that the roll-ups lack, noted in the transaction that brought the events. Marks are added and never
-- changed, so whoever adds one waits for nobody.
create table aggregated_metrics_due (
    id bigint generated always as identity primary key,
    tenant_id uuid not null references tenants (id) on delete cascade,
    hour timestamptz not null check (hour = date_trunc('hour', hour, 'UTC')),
    noted_at timestamptz not null default current_timestamp
);
create index aggregated_metrics_due_tenant on aggregated_metrics_due (tenant_id, hour);
call app.drop_box('aggregated_metrics_due');
call app.retain('aggregated_metrics_due', 'noted_at', '90 days');

-- One row for all events of a period ('' of ''), and one for each model, provider, key and person.
alter table aggregated_metrics
    drop constraint aggregated_metrics_tenant_id_period_type_period_start_metri_key,
    add column dimension varchar(20) not null default ''
        check (dimension in ('', 'model', 'provider', 'key', 'user')),
    add column value varchar(200) not null default '',
    -- Of the dimension `user`: what names a person goes with them.
    add column user_id uuid,
    add column p50_latency_ms numeric(12, 3) check (p50_latency_ms >= 0),
    add column input_tokens bigint not null default 0 check (input_tokens >= 0),
    add column output_tokens bigint not null default 0 check (output_tokens >= 0),
    add constraint aggregated_metrics_one unique nulls not distinct
        (tenant_id, period_type, period_start, metric_type, dimension, value, user_id),
    add foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade;
create index aggregated_metrics_user on aggregated_metrics (tenant_id, user_id) where user_id is not null;
create index aggregated_metrics_period on aggregated_metrics (tenant_id, period_type, period_start);

-- Plans that keep fewer months than the table does. A month is dropped whole once it is past `keep_months`; what these
-- plans give up earlier is deleted. The operator may change both.
alter table month_partitions add column keep_by_plan jsonb not null default '{}'
    check (jsonb_typeof(keep_by_plan) = 'object');
grant update (keep_by_plan) on month_partitions to radiant_system;
alter table month_partitions no force row level security;
update month_partitions set keep_by_plan = '{"free": 3}' where table_name = 'usage_metrics';
alter table month_partitions force row level security;

-- Delete at most `batch` events that their tenant's plan does not keep; how many. Call again while it is a full batch.
create function app.delete_events_past_plan(batch integer default 5000) returns bigint language plpgsql as $$
declare
    gone bigint;
begin
    with old as (
        select m.id, m.recorded_at from month_partitions p cross join lateral jsonb_each(p.keep_by_plan) as r(plan, months)
        join tenants t on t.plan = r.plan
        join usage_metrics m on m.tenant_id = t.id and m.recorded_at
            < date_trunc('month', current_timestamp, 'UTC') - make_interval(months => r.months::integer)
        where p.table_name = 'usage_metrics' limit batch)
    delete from usage_metrics m using old where m.id = old.id and m.recorded_at = old.recorded_at;
    get diagnostics gone = row_count;
    return gone;
end $$;
revoke execute on function app.delete_events_past_plan from public;
grant execute on function app.delete_events_past_plan to radiant_system;

-- Whoever sends a bad event is told so, and it is set aside in the same transaction.
grant insert on usage_metrics_rejected to radiant_app;
create policy tenant on usage_metrics_rejected for insert to radiant_app with check (tenant_id = (select app.tenant()));

-- Calls of before, as far as hours are kept: the owner of the tables need not be a superuser, so FORCE is lifted for
-- the moment.
alter table usage_ledger no force row level security;
alter table usage_metrics_due no force row level security;
insert into usage_metrics_due (tenant_id, calls)
    select tenant_id, array_agg(id) from (select tenant_id, id, row_number() over (partition by tenant_id order by id) / 500
        as part from usage_ledger where state <> 'reserved' and created_at > current_timestamp - interval '85 days') calls
    group by tenant_id, part;
alter table usage_ledger force row level security;
alter table usage_metrics_due force row level security;
