-- Section 18: Think Tank. Sessions, their steps, and the append-only log that a session is resumed from.

create table thinktank_sessions (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    -- The whole problem: a list shows its beginning.
    problem_summary text not null check (length(problem_summary) <= 100000),
    domain varchar(50) not null default 'general'
        check (domain in ('general', 'math', 'code', 'research', 'data', 'planning')),
    complexity varchar(20) check (complexity in ('low', 'medium', 'high')),
    total_steps integer not null default 0 check (total_steps >= 0),
    avg_confidence numeric(3, 2) check (avg_confidence between 0 and 1),
    solution_found boolean not null default false,
    total_tokens integer not null default 0 check (total_tokens >= 0),
    -- To the nano-dollar, as the ledger.
    total_cost numeric(20, 9) not null default 0 check (total_cost >= 0),
    created_at timestamptz not null default current_timestamp,
    completed_at timestamptz,
    status varchar(20) not null default 'running'
        check (status in ('running', 'waiting', 'paused', 'completed', 'partial', 'failed', 'cancelled')),
    strategy varchar(20) check (strategy in ('stepwise', 'vote', 'tree')),
    options jsonb not null default '{}' check (jsonb_typeof(options) = 'object'),
    solution text,
    answer text,
    confidence numeric(9, 8) check (confidence between 0 and 1),
    basis text,
    notes text[] not null default '{}',
    error jsonb,
    good boolean,
    -- The key by which it was asked for: its limits bind all of the session's calls.
    api_key_id uuid,
    -- Who works on it, and until when that is believed.
    lease_owner varchar(200),
    lease_until timestamptz,
    last_seq integer not null default 0 check (last_seq >= 0),
    unique (tenant_id, user_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, api_key_id) references api_keys (tenant_id, id) on delete set null (api_key_id),
    check ((status in ('completed', 'partial', 'failed', 'cancelled')) = (completed_at is not null))
);
create index idx_thinktank_sessions_tenant on thinktank_sessions (tenant_id, user_id, created_at desc, id desc);
create index thinktank_sessions_leases on thinktank_sessions (lease_until) where status = 'running';
create index thinktank_sessions_key on thinktank_sessions (tenant_id, api_key_id) where api_key_id is not null;
call app.person_table('thinktank_sessions');
call app.retain('thinktank_sessions', 'completed_at', '400 days');

create table thinktank_steps (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    session_id uuid not null,
    step_number integer not null check (step_number > 0),
    step_type varchar(50) not null check (step_type in ('decompose', 'reason', 'execute', 'verify', 'synthesize')),
    description text not null,
    reasoning text,
    result text,
    confidence numeric(3, 2) check (confidence between 0 and 1),
    model_used varchar(200),
    tokens_used integer not null default 0 check (tokens_used >= 0),
    duration_ms integer not null default 0 check (duration_ms >= 0),
    created_at timestamptz not null default current_timestamp,
    -- What it is in the log: written once, however often the session is resumed.
    key varchar(200) not null,
    node_id varchar(40),
    attempt integer not null default 1 check (attempt > 0),
    self_confidence numeric(3, 2) check (self_confidence between 0 and 1),
    verifier varchar(100),
    verdict varchar(20) check (verdict in ('confirmed', 'refuted', 'inconclusive')),
    evidence jsonb not null default '[]' check (jsonb_typeof(evidence) = 'array'),
    tool_calls jsonb not null default '[]' check (jsonb_typeof(tool_calls) = 'array'),
    input_tokens integer not null default 0 check (input_tokens >= 0),
    output_tokens integer not null default 0 check (output_tokens >= 0),
    cost numeric(20, 9) not null default 0 check (cost >= 0),
    error text,
    unique (session_id, key),
    unique (session_id, step_number),
    foreign key (tenant_id, user_id, session_id)
        references thinktank_sessions (tenant_id, user_id, id) on delete cascade
);
create index idx_thinktank_steps_session on thinktank_steps (tenant_id, user_id, session_id, step_number);
call app.person_table('thinktank_steps');

create table thinktank_events (
    tenant_id uuid not null,
    user_id uuid not null,
    session_id uuid not null,
    seq integer not null check (seq > 0),
    kind varchar(30) not null,
    -- Of what happens once: a call, a tool's result, a plan. Null for what may happen often.
    key varchar(200),
    data jsonb not null check (jsonb_typeof(data) = 'object'),
    created_at timestamptz not null default current_timestamp,
    primary key (session_id, seq),
    foreign key (tenant_id, user_id, session_id)
        references thinktank_sessions (tenant_id, user_id, id) on delete cascade
);
create unique index thinktank_events_once on thinktank_events (session_id, kind, key) where key is not null;
create index thinktank_events_session on thinktank_events (tenant_id, user_id, session_id, seq);
call app.person_table('thinktank_events', 'select, insert');

-- Whoever follows a session, and who works on it, is told of each change: "thinktank_sessions tenant session".
create function app.notify_thinktank_session() returns trigger language plpgsql as $$
declare
    of_row jsonb := to_jsonb(coalesce(new, old));
begin
    perform pg_notify('radiant_changes', format('thinktank_sessions %s %s', of_row ->> 'tenant_id',
        coalesce(of_row ->> 'session_id', of_row ->> 'id')));
    return null;
end $$;
create trigger notify_changed after insert on thinktank_events
    for each row execute function app.notify_thinktank_session();
create trigger notify_deleted after delete on thinktank_sessions
    for each row execute function app.notify_thinktank_session();

-- Solutions that people called right or wrong: what confidences are calibrated by. Nobody's name and no text.
create table thinktank_labels (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    -- The session may be gone while its label counts.
    session_id uuid not null,
    basis varchar(100) not null,
    confidence numeric(9, 8) not null check (confidence between 0 and 1),
    good boolean not null,
    labelled_at timestamptz not null default current_timestamp,
    unique (tenant_id, session_id)
);
create index thinktank_labels_class on thinktank_labels (tenant_id, labelled_at desc);
call app.tenant_table('thinktank_labels');
call app.retain('thinktank_labels', 'labelled_at', '400 days');
