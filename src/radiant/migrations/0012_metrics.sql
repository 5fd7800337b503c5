-- Section 12. Events by month, and what they add up to.

create table usage_metrics (
    id uuid not null default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid,
    metric_type varchar(50) not null
        check (metric_type in ('api_request', 'token_usage', 'model_inference', 'billing')),
    metric_name varchar(100) not null check (length(metric_name) > 0),
    metric_value numeric(29, 9) not null check (metric_value <> 'NaN'),
    dimensions jsonb default '{}' check (jsonb_typeof(dimensions) = 'object'),
    -- The event's own time, not the flush's.
    recorded_at timestamptz not null default current_timestamp,
    -- The producer's id of the event: see usage_metric_events_seen.
    event_id uuid not null default gen_random_uuid(),
    primary key (id, recorded_at),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete set null (user_id)
) partition by range (recorded_at);
create index usage_metrics_tenant on usage_metrics (tenant_id, recorded_at);
create index usage_metrics_type on usage_metrics (tenant_id, metric_type, metric_name, recorded_at);
create index usage_metrics_user on usage_metrics (tenant_id, user_id);
call app.tenant_table('usage_metrics', 'select, insert');
call app.partition_by_month('usage_metrics', 14);

-- An event id counts once in 7 days, whatever time a repetition claims; the writer inserts here first and takes
-- what came back. Older repetitions are refused by the age of their recorded_at.
create table usage_metric_events_seen (
    tenant_id uuid not null references tenants (id) on delete cascade,
    event_id uuid not null,
    seen_at timestamptz not null default current_timestamp,
    primary key (tenant_id, event_id)
);
create index usage_metric_events_seen_at on usage_metric_events_seen (seen_at);
call app.tenant_table('usage_metric_events_seen', 'select, insert');
call app.retain('usage_metric_events_seen', 'seen_at', '7 days');

-- UTC; weeks are ISO weeks. Days are built from hours, weeks and months from days, by merging sketches.
create table aggregated_metrics (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    period_start timestamptz not null,
    period_end timestamptz not null,
    period_type varchar(20) not null check (period_type in ('hourly', 'daily', 'weekly', 'monthly')),
    metric_type varchar(50) not null
        check (metric_type in ('api_request', 'token_usage', 'model_inference', 'billing')),
    total_requests bigint default 0 check (total_requests >= 0),
    total_tokens bigint default 0 check (total_tokens >= 0),
    total_cost numeric(20, 9) default 0 check (total_cost >= 0),
    avg_latency_ms numeric(12, 3) check (avg_latency_ms >= 0),
    p95_latency_ms numeric(12, 3) check (p95_latency_ms >= 0),
    p99_latency_ms numeric(12, 3) check (p99_latency_ms >= 0),
    error_count integer default 0 check (error_count >= 0),
    unique_users integer default 0 check (unique_users >= 0),
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    latency_count bigint not null default 0 check (latency_count >= 0),
    latency_ms_sum numeric(20, 3) not null default 0 check (latency_ms_sum >= 0),
    latency_sketch bytea,
    users_sketch bytea,
    unique (tenant_id, period_type, period_start, metric_type),
    check (period_end > period_start),
    check (period_start = date_trunc(case period_type when 'hourly' then 'hour' when 'daily' then 'day'
        when 'weekly' then 'week' else 'month' end, period_start, 'UTC'))
);
call app.tenant_table('aggregated_metrics', 'select');
call app.retain('aggregated_metrics', 'period_start', '90 days', 'period_type = ''hourly''');
call app.retain('aggregated_metrics', 'period_start', '3 years', 'period_type <> ''hourly''');

-- Rows that could not be stored, set aside with why. No foreign keys: a wrong reference is one of the reasons.
create table usage_metrics_rejected (
    id bigint generated always as identity primary key,
    tenant_id uuid,
    event jsonb not null,
    reason text not null,
    rejected_at timestamptz not null default current_timestamp
);
create index usage_metrics_rejected_at on usage_metrics_rejected (rejected_at);
call app.system_table('usage_metrics_rejected');
call app.retain('usage_metrics_rejected', 'rejected_at', '30 days');
