-- Section 18: Think Tank. Sessions and steps get what the engine keeps of them; the append-only log that a session is resumed
-- from; labels that confidences are calibrated by. Nothing wrote sessions before.

alter table thinktank_sessions
    drop constraint thinktank_sessions_check,
    drop constraint thinktank_sessions_check1,
    drop constraint thinktank_sessions_status_check,
    -- They are with the options.
    drop column max_steps,
    drop column tools,
    -- The log is a session's own, and outlives the process that writes it.
    drop column run_id,
    alter column problem drop default,
    alter column problem_summary set not null,
    alter column domain set not null,
    alter column domain set default 'general',
    alter column total_steps set not null,
    alter column solution_found set not null,
    alter column total_tokens set not null,
    alter column total_cost set not null,
    add constraint thinktank_sessions_problem check (length(problem) between 1 and 100000),
    add constraint thinktank_sessions_domain
        check (domain in ('general', 'math', 'code', 'research', 'data', 'planning')),
    add constraint thinktank_sessions_status
        check (status in ('running', 'waiting', 'paused', 'completed', 'partial', 'failed', 'cancelled')),
    add column strategy varchar(20) check (strategy in ('stepwise', 'vote', 'tree')),
    add column options jsonb not null default '{}' check (jsonb_typeof(options) = 'object'),
    add column answer text,
    add column confidence numeric(9, 8) check (confidence between 0 and 1),
    add column basis text,
    add column notes text[] not null default '{}',
    add column good boolean,
    -- The key by which it was asked for: its limits bind all of the session's calls.
    add column api_key_id uuid,
    -- Who works on it, and until when that is believed.
    add column lease_owner varchar(200),
    add column lease_until timestamptz,
    add column last_seq integer not null default 0 check (last_seq >= 0),
    add foreign key (tenant_id, api_key_id) references api_keys (tenant_id, id) on delete set null (api_key_id),
    add constraint thinktank_sessions_ended
        check ((status in ('completed', 'partial', 'failed', 'cancelled')) = (completed_at is not null)),
    add constraint thinktank_sessions_found check (not solution_found or status = 'completed');
drop index thinktank_sessions_person;
create index thinktank_sessions_person on thinktank_sessions (tenant_id, user_id, created_at desc, id desc);
create index thinktank_sessions_leases on thinktank_sessions (lease_until) where status = 'running';
create index thinktank_sessions_key on thinktank_sessions (tenant_id, api_key_id) where api_key_id is not null;

alter table thinktank_steps
    drop column status,
    drop column depends_on,
    drop column verdict,
    alter column description set not null,
    alter column tokens_used set default 0,
    alter column tokens_used set not null,
    alter column duration_ms set default 0,
    alter column duration_ms set not null,
    alter column input_tokens set default 0,
    alter column input_tokens set not null,
    alter column output_tokens set default 0,
    alter column output_tokens set not null,
    alter column cost set default 0,
    alter column cost set not null,
    -- What it is in the log: written once, however often the session is resumed.
    add column key varchar(200) not null,
    add column node_id varchar(40),
    add column self_confidence numeric(9, 8) check (self_confidence between 0 and 1),
    add column verifier varchar(100),
    add column verdict varchar(20) check (verdict in ('confirmed', 'refuted', 'inconclusive')),
    add column evidence jsonb not null default '[]' check (jsonb_typeof(evidence) = 'array'),
    add column error text,
    add unique (tenant_id, session_id, key);

create table thinktank_events (
    tenant_id uuid not null,
    user_id uuid not null,
    session_id uuid not null,
    seq integer not null check (seq > 0),
    kind varchar(30) not null check (kind in ('started', 'planned', 'waiting', 'paused', 'steered', 'node_started',
        'node_ended', 'call_begun', 'call_ended', 'tool_begun', 'tool_ended', 'step', 'ended')),
    -- Of what happens once: a call, a tool's result, a plan. Null for what may happen often.
    key varchar(200),
    data jsonb not null check (jsonb_typeof(data) = 'object'),
    created_at timestamptz not null default current_timestamp,
    primary key (tenant_id, session_id, seq),
    foreign key (tenant_id, user_id, session_id)
        references thinktank_sessions (tenant_id, user_id, id) on delete cascade
);
create unique index thinktank_events_once on thinktank_events (tenant_id, session_id, kind, key) where key is not null;
create index thinktank_events_session on thinktank_events (tenant_id, user_id, session_id, seq);
create index thinktank_events_steered on thinktank_events (tenant_id, user_id, session_id, seq) where kind = 'steered';
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
