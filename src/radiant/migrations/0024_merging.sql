-- Section 24.

create table merge_sessions (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    prompt text not null check (length(prompt) <= 1000000),
    merge_strategy varchar(50) not null default 'consensus'
        check (merge_strategy in ('consensus', 'best_of', 'synthesize', 'debate')),
    models_used text[] not null,
    final_result text,
    quality_score numeric(9, 8) check (quality_score between 0 and 1),
    total_cost numeric(20, 9) check (total_cost >= 0),
    created_at timestamptz not null default current_timestamp,
    status varchar(20) not null default 'running'
        check (status in ('running', 'completed', 'partial', 'failed', 'cancelled')),
    -- How quality_score was come by.
    quality_method varchar(50),
    judge_model varchar(200),
    judge_tokens integer check (judge_tokens >= 0),
    completed_at timestamptz,
    error jsonb,
    run_id uuid,
    unique (tenant_id, user_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id, run_id) references runs (tenant_id, user_id, id) on delete set null (run_id),
    check ((quality_score is null) = (quality_method is null)),
    check ((status = 'running') = (completed_at is null))
);
create index merge_sessions_person on merge_sessions (tenant_id, user_id, created_at desc);
create index merge_sessions_run on merge_sessions (run_id);
call app.person_table('merge_sessions');
call app.retain('merge_sessions', 'completed_at', '400 days');

create table merge_responses (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    session_id uuid not null,
    model varchar(200) not null,
    response text not null,
    tokens_used integer check (tokens_used >= 0),
    latency_ms integer check (latency_ms >= 0),
    -- Weights of one session add up to 1.
    contribution_weight numeric(9, 8) default 1.0 check (contribution_weight between 0 and 1),
    created_at timestamptz not null default current_timestamp,
    round integer not null default 0 check (round >= 0),
    position integer not null default 0 check (position >= 0),
    cost numeric(20, 9) check (cost >= 0),
    error jsonb,
    unique (tenant_id, session_id, round, position),
    foreign key (tenant_id, user_id, session_id) references merge_sessions (tenant_id, user_id, id) on delete cascade
);
create index merge_responses_session on merge_responses (tenant_id, user_id, session_id, round, position);
call app.person_table('merge_responses');
