-- Section 18, the Think Tank.

create table thinktank_sessions (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    problem_summary text,
    domain varchar(50),
    complexity varchar(20) check (complexity in ('low', 'medium', 'high')),
    total_steps integer default 0 check (total_steps >= 0),
    avg_confidence numeric(9, 8) check (avg_confidence between 0 and 1),
    solution_found boolean default false,
    total_tokens integer default 0 check (total_tokens >= 0),
    total_cost numeric(20, 9) default 0 check (total_cost >= 0),
    created_at timestamptz not null default current_timestamp,
    completed_at timestamptz,
    -- The whole problem, not a summary of it.
    problem text not null default '' check (length(problem) <= 1000000),
    solution text,
    status varchar(20) not null default 'running'
        check (status in ('queued', 'running', 'solved', 'partial', 'failed', 'cancelled')),
    max_steps integer not null default 10 check (max_steps between 1 and 1000),
    tools text[] not null default '{}',
    error jsonb,
    run_id uuid,
    unique (tenant_id, user_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id, run_id) references runs (tenant_id, user_id, id) on delete set null (run_id),
    check ((status in ('solved', 'partial', 'failed', 'cancelled')) = (completed_at is not null)),
    check (solution_found = (status = 'solved'))
);
create index thinktank_sessions_person on thinktank_sessions (tenant_id, user_id, created_at desc);
create index thinktank_sessions_run on thinktank_sessions (run_id);
call app.person_table('thinktank_sessions');
call app.retain('thinktank_sessions', 'completed_at', '400 days');

create table thinktank_steps (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    session_id uuid not null,
    step_number integer not null check (step_number > 0),
    step_type varchar(50) not null check (step_type in ('decompose', 'reason', 'execute', 'verify', 'synthesize')),
    description text,
    reasoning text,
    result text,
    confidence numeric(9, 8) check (confidence between 0 and 1),
    model_used varchar(200),
    tokens_used integer check (tokens_used >= 0),
    duration_ms integer check (duration_ms >= 0),
    created_at timestamptz not null default current_timestamp,
    status varchar(20) not null default 'done' check (status in ('pending', 'running', 'done', 'failed', 'skipped')),
    -- Numbers of the steps whose results it was given.
    depends_on integer[] not null default '{}',
    attempt integer not null default 1 check (attempt > 0),
    input_tokens integer check (input_tokens >= 0),
    output_tokens integer check (output_tokens >= 0),
    cost numeric(20, 9) check (cost >= 0),
    verdict varchar(20) check (verdict in ('passed', 'mended', 'failed', 'unverified')),
    tool_calls jsonb not null default '[]' check (jsonb_typeof(tool_calls) = 'array'),
    unique (tenant_id, session_id, step_number),
    foreign key (tenant_id, user_id, session_id) references thinktank_sessions (tenant_id, user_id, id)
        on delete cascade
);
create index thinktank_steps_session on thinktank_steps (tenant_id, user_id, session_id, step_number);
call app.person_table('thinktank_steps');

-- tenant_id null: built in, by the operator. A tenant's own are data (a schema and an address or sandboxed code).
create table thinktank_tools (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid references tenants (id) on delete cascade,
    tool_name varchar(100) not null check (tool_name ~ '^[a-zA-Z0-9_-]{1,64}$'),
    tool_type varchar(50) not null check (tool_type ~ '^[a-z][a-z0-9_]*$'),
    description text,
    parameters_schema jsonb not null check (jsonb_typeof(parameters_schema) = 'object'),
    implementation text,
    is_active boolean default true,
    created_at timestamptz not null default current_timestamp,
    unique nulls not distinct (tenant_id, tool_name)
);
call app.shared_table('thinktank_tools');
