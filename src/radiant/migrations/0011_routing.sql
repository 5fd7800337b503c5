-- Section 11, the Brain.

-- tenant_id null: a rule of the platform's for everybody. A tenant's own come first, then priority, then age.
create table brain_routing_rules (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid references tenants (id) on delete cascade,
    name varchar(100) not null check (length(btrim(name)) > 0),
    priority integer not null default 100,
    conditions jsonb not null check (jsonb_typeof(conditions) = 'object'),
    target_model varchar(200) not null,
    fallback_models text[],
    is_active boolean default true,
    created_at timestamptz not null default current_timestamp,
    unique (tenant_id, id),
    unique nulls not distinct (tenant_id, name)
);
create index brain_routing_rules_order on brain_routing_rules (tenant_id, priority, created_at) where is_active;
call app.shared_table('brain_routing_rules');

-- `id` is the decision_id that every answer carries and that feedback names. Deleting the person deletes the rows:
-- what they taught stays in the statistics, which name nobody, and their cost in usage_ledger.
create table brain_routing_history (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    task_type varchar(50) check (task_type in ('chat', 'code', 'analysis', 'creative', 'vision', 'audio')),
    selected_model varchar(200) not null,
    selection_reason text,
    input_tokens integer check (input_tokens >= 0),
    output_tokens integer check (output_tokens >= 0),
    latency_ms integer check (latency_ms >= 0),
    cost numeric(20, 9) check (cost >= 0),
    -- Null: not known (yet), which is not a failure.
    success boolean,
    created_at timestamptz not null default current_timestamp,
    rule_id uuid,
    fallback_position integer not null default 0 check (fallback_position >= 0),
    unique (tenant_id, id),
    unique (tenant_id, user_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, rule_id) references brain_routing_rules (tenant_id, id) on delete set null (rule_id)
);
create index brain_routing_history_tenant on brain_routing_history (tenant_id, created_at desc);
create index brain_routing_history_model on brain_routing_history (tenant_id, selected_model, task_type, created_at desc);
create index brain_routing_history_user on brain_routing_history (tenant_id, user_id, created_at desc);
create index brain_routing_history_rule on brain_routing_history (rule_id);
call app.tenant_table('brain_routing_history');
call app.retain('brain_routing_history', 'created_at', '400 days');

-- What a person thought of an answer.
create table brain_feedback (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    decision_id uuid not null,
    rating smallint not null check (rating between -1 and 1),
    comment text check (length(comment) <= 4000),
    created_at timestamptz not null default current_timestamp,
    unique (tenant_id, user_id, decision_id),
    foreign key (tenant_id, user_id, decision_id) references brain_routing_history (tenant_id, user_id, id)
        on delete cascade
);
call app.person_table('brain_feedback');

-- Without a tenant: figures per model and task that name nobody, so that a new tenant knows something. Written by
-- the roll-up alone.
create table brain_model_statistics (
    model varchar(200) not null,
    task_type varchar(50) not null check (task_type in ('chat', 'code', 'analysis', 'creative', 'vision', 'audio')),
    successes bigint not null default 0 check (successes >= 0),
    failures bigint not null default 0 check (failures >= 0),
    latency_ms_sum bigint not null default 0 check (latency_ms_sum >= 0),
    latency_sketch bytea,
    output_tokens_sum bigint not null default 0 check (output_tokens_sum >= 0),
    ratings_up bigint not null default 0 check (ratings_up >= 0),
    ratings_down bigint not null default 0 check (ratings_down >= 0),
    updated_at timestamptz not null default current_timestamp,
    primary key (model, task_type)
);
call app.global_table('brain_model_statistics');
