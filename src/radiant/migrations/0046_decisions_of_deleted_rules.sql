-- A rule that is deleted while its last call settles: the decision is kept without it. Before, the rule was looked up,
-- then gone, and the decision failed the foreign key and was lost; so its row is locked while it is named.
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
        (select r.id from brain_routing_rules r where r.tenant_id = new.tenant_id and r.id = (d ->> 'rule')::uuid
            for key share),
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
