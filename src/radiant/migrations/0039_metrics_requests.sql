-- Requests and jobs besides the calls of models.

-- A reader looks for them among many events of calls.
create index usage_metrics_what on usage_metrics (tenant_id, recorded_at) where dimensions ? 'what';

-- The names that roll-ups read; an hour with others alone is not read again.
create function app.is_rolled_up(metric_name text) returns boolean language sql immutable
    return metric_name in ('requests', 'latency_ms', 'input_tokens', 'output_tokens', 'cost');
grant execute on function app.is_rolled_up to radiant_app, radiant_system;
