-- What answers taught of models, as sums that add up (`routing.quality`): of all tenants, and of each. And what of a
-- prompt a decision must remember for that: how hard it was and what it was near to, never its text.

alter table brain_routing_history
    -- In logits; 0 is usual.
    add column difficulty double precision check (difficulty between -100 and 100),
    -- The number of its neighbourhood.
    add column cell smallint check (cell >= 0);

-- `place`: "" for all prompts, "task:<type>", "cell:<number>".
create table brain_model_evidence (
    model varchar(200) not null,
    place varchar(50) not null check (place ~ '^(task:[a-z0-9]+|cell:[0-9]+)?$'),
    precision double precision not null default 0 check (precision >= 0),
    information double precision not null default 0 check (information between -1e12 and 1e12),
    updated_at timestamptz not null default current_timestamp,
    primary key (model, place)
);
call app.global_table('brain_model_evidence');
call app.notifies('brain_model_evidence');

create table brain_tenant_evidence (
    tenant_id uuid not null references tenants (id) on delete cascade,
    model varchar(200) not null,
    place varchar(50) not null check (place ~ '^(task:[a-z0-9]+|cell:[0-9]+)?$'),
    precision double precision not null default 0 check (precision >= 0),
    information double precision not null default 0 check (information between -1e12 and 1e12),
    updated_at timestamptz not null default current_timestamp,
    primary key (tenant_id, model, place)
);
call app.tenant_table('brain_tenant_evidence', 'select');
call app.notifies('brain_tenant_evidence');

-- How good the rated answers were is in the evidence now; how many there were stays here.
alter table brain_model_statistics drop column ratings_sum;
alter table brain_tenant_statistics drop column ratings_sum;

-- Whatever is wrong with a decision, its call is in the ledger: money goes before what is learned of it.
create or replace function app.note_decision() returns trigger language plpgsql as $$
declare
    d jsonb := new.decision;
    answered boolean := app.succeeded(new.ended, new.error_kind);
    resolved uuid;
begin
    if new.user_id is null then
        return null;
    end if;
    resolved := (d ->> 'resolve')::uuid;
    insert into brain_routing_history as h (id, tenant_id, user_id, task_type, selected_model, provider, selection_reason,
        quality_level, chosen_by, rule_id, rule_name, propensity, confidence, estimated_cost, estimated_latency_ms,
        fallback_position, conversation, difficulty, cell, created_at, input_tokens, output_tokens, latency_ms,
        cost, success, error_kind, ended_at)
    values (new.id, new.tenant_id, new.user_id, d ->> 'task', new.model, new.provider, d ->> 'reason',
        coalesce(d ->> 'level', 'balanced'), coalesce(d ->> 'by', 'score'),
        (select r.id from brain_routing_rules r where r.tenant_id = new.tenant_id and r.id = (d ->> 'rule')::uuid),
        left(d ->> 'rule_name', 100), coalesce((d ->> 'propensity')::float8, 1), (d ->> 'confidence')::numeric,
        (d ->> 'cost')::numeric, (d ->> 'latency')::integer, coalesce((d ->> 'position')::integer, 0),
        d ->> 'conversation', (d ->> 'difficulty')::float8, (d ->> 'cell')::smallint, new.created_at,
        new.input_tokens, new.output_tokens,
        -- The time of an answer that was kept is none of the model's.
        case when not new.cached then new.duration_ms end, new.cost, answered, new.error_kind, new.settled_at)
    on conflict (id) do update set input_tokens = excluded.input_tokens, output_tokens = excluded.output_tokens,
        latency_ms = excluded.latency_ms, cost = excluded.cost, success = excluded.success,
        error_kind = excluded.error_kind, ended_at = excluded.ended_at;
    if resolved is not null then
        update auto_resolve_requests a set selected_model = new.model, decision_id = new.id,
            input_tokens = new.input_tokens, output_tokens = new.output_tokens, cost = new.cost,
            latency_ms = new.duration_ms, success = answered
        where a.tenant_id = new.tenant_id and a.user_id = new.user_id and a.id = resolved;
    end if;
    return null;
exception when data_exception or integrity_constraint_violation then
    raise warning 'the decision of call % is not in the history: %', new.id, sqlerrm;
    return null;
end $$;
