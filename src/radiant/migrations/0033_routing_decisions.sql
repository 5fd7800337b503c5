-- What routing learns by: each decision goes into the ledger with its call, and from there into the history, in the
-- transaction that writes the ledger. So the history has what the ledger has, whatever dies when.

-- How the model was chosen, as routing noted it: task, reason, propensity, what else was weighed. Null: by its name.
alter table usage_ledger add column decision jsonb check (jsonb_typeof(decision) = 'object');

alter table brain_routing_rules add column updated_at timestamptz not null default current_timestamp;
call app.notifies('brain_routing_rules');

alter table brain_routing_history
    add column provider varchar(50) not null default '',
    add column quality_level varchar(20) not null default 'balanced'
        check (quality_level in ('economy', 'balanced', 'premium')),
    -- How it was chosen: by a rule, by its score, because the conversation has it, to learn of it, after another failed.
    add column chosen_by varchar(20) not null default 'score'
        check (chosen_by in ('rule', 'score', 'conversation', 'exploration', 'fallback')),
    -- Kept beside rule_id, which names a workspace's own rule: a platform's rule has no tenant.
    add column rule_name varchar(100),
    -- With what probability this model was going to be chosen for this request.
    add column propensity double precision not null default 1 check (propensity > 0 and propensity <= 1),
    add column confidence numeric(9, 8) check (confidence between 0 and 1),
    add column estimated_cost numeric(20, 9) check (estimated_cost >= 0),
    add column estimated_latency_ms integer check (estimated_latency_ms >= 0),
    add column error_kind varchar(50),
    -- A digest of the person and their conversation, so that it keeps its model.
    add column conversation varchar(32),
    add column ended_at timestamptz,
    -- What of the prompt is remembered, never its text: how hard it was, in logits (0 is usual), and the number of its
    -- neighbourhood.
    add column difficulty double precision check (difficulty between -100 and 100),
    add column cell smallint check (cell >= 0),
    -- Whether the statistics have it.
    add column counted boolean not null default false,
    -- How good the person found the answer, 0..1: written by who counts, for a replay to add up. What they said is
    -- theirs alone (brain_feedback).
    add column rating double precision check (rating between 0 and 1);
create index brain_routing_history_conversation on brain_routing_history (tenant_id, user_id, conversation, created_at desc)
    where conversation is not null;
create index brain_routing_history_uncounted on brain_routing_history (ended_at) where not counted and ended_at is not null;

-- What a call is worth to know of its model: true where it answered; false where the upstream failed; null where
-- nobody knows (under way, cancelled, given up) and where the request itself was at fault.
create function app.succeeded(ended text, error_kind text) returns boolean language sql immutable parallel safe
return case
    when ended = 'answered' then true
    when ended = 'failed' and error_kind not in (
        'upstream-bad-request', 'context-too-long', 'content-filtered', 'policy-violation', 'unsupported-by-model',
        'upstream-bad-credentials', 'upstream-quota-exhausted', 'upstream-resting', 'upstream-busy', 'internal')
        and error_kind not like 'guardrail%' then false
end;

-- Whatever is wrong with a decision, its call is in the ledger: money goes before what is learned of it.
create function app.note_decision() returns trigger language plpgsql as $$
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
create trigger note_decision after insert or update of state on usage_ledger
    for each row when (new.decision is not null) execute function app.note_decision();

-- The draft's sums are weights now, which halve in a week, as the sketch of latencies does. Cost and tokens are of the
-- calls in `successes`.
alter table brain_model_statistics
    drop column successes, drop column failures, drop column latency_ms_sum, drop column output_tokens_sum,
    drop column ratings_up, drop column ratings_down,
    add column successes double precision not null default 0 check (successes >= 0),
    add column failures double precision not null default 0 check (failures >= 0),
    add column unknown double precision not null default 0 check (unknown >= 0),
    add column input_tokens double precision not null default 0 check (input_tokens >= 0),
    add column output_tokens double precision not null default 0 check (output_tokens >= 0),
    add column cost numeric(20, 9) not null default 0 check (cost >= 0),
    add column ratings double precision not null default 0 check (ratings >= 0);
call app.notifies('brain_model_statistics');

create table brain_tenant_statistics (
    tenant_id uuid not null references tenants (id) on delete cascade,
    model varchar(200) not null,
    task_type varchar(50) not null check (task_type in ('chat', 'code', 'analysis', 'creative', 'vision', 'audio')),
    successes double precision not null default 0 check (successes >= 0),
    failures double precision not null default 0 check (failures >= 0),
    unknown double precision not null default 0 check (unknown >= 0),
    latency_sketch bytea,
    input_tokens double precision not null default 0 check (input_tokens >= 0),
    output_tokens double precision not null default 0 check (output_tokens >= 0),
    cost numeric(20, 9) not null default 0 check (cost >= 0),
    ratings double precision not null default 0 check (ratings >= 0),
    updated_at timestamptz not null default current_timestamp,
    primary key (tenant_id, model, task_type)
);
call app.tenant_table('brain_tenant_statistics', 'select');
call app.notifies('brain_tenant_statistics');

-- How a workspace wants models to be chosen; null: as the installation does.
create table brain_settings (
    tenant_id uuid primary key references tenants (id) on delete cascade,
    -- {cost, latency, quality, reliability}
    weights jsonb check (jsonb_typeof(weights) = 'object'),
    preferred_provider varchar(50),
    preferred_margin double precision check (preferred_margin between 0 and 1),
    exploration double precision check (exploration between 0 and 0.1),
    sticky boolean,
    updated_at timestamptz not null default current_timestamp
);
call app.tenant_table('brain_settings');
call app.notifies('brain_settings');

-- Feedback of several kinds. `value`: how good the answer was, 0..1; of a pair 1 where the decision was preferred to
-- the other, 0 where it was not. `counted_value`: what the statistics have of it.
alter table brain_feedback
    drop constraint brain_feedback_tenant_id_user_id_decision_id_key,
    drop column rating,
    add column kind varchar(20) not null default 'thumbs' check (kind in ('thumbs', 'score', 'judge', 'pair')),
    add column value double precision not null default 1 check (value between 0 and 1),
    add column judge varchar(200) not null default '',
    add column other_id uuid,
    add column counted_value double precision,
    add column updated_at timestamptz not null default current_timestamp,
    add check ((kind = 'pair') = (other_id is not null)),
    add check (other_id <> decision_id),
    add unique nulls not distinct (tenant_id, user_id, decision_id, kind, judge, other_id),
    add foreign key (tenant_id, user_id, other_id) references brain_routing_history (tenant_id, user_id, id)
        on delete cascade;
create index brain_feedback_other on brain_feedback (tenant_id, user_id, other_id);
create index brain_feedback_uncounted on brain_feedback (updated_at) where counted_value is distinct from value;
