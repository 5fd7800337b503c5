-- Section 14. The platform operator alone reads errors; a tenant's requests may only report its own.

-- What reports: the platform itself (tenant null) or a tenant's own programs, by a Sentry DSN. Numeric, since the
-- address that Sentry's SDKs build, /api/{project}/envelope/, takes numbers.
create table error_projects (
    id bigint generated always as identity primary key,
    tenant_id uuid references tenants (id) on delete cascade,
    name varchar(100) not null check (length(btrim(name)) > 0),
    slug varchar(63) not null check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    public_key varchar(64) not null unique check (public_key ~ '^[0-9a-f]{32,64}$'),
    grouping_version integer not null default 1 check (grouping_version > 0),
    is_active boolean not null default true,
    created_at timestamptz not null default current_timestamp,
    unique nulls not distinct (tenant_id, slug)
);
call app.system_table('error_projects');

-- One row a fingerprint: texts are templates with the values taken out. Deleting a project deletes its patterns.
create table error_patterns (
    id uuid primary key default gen_random_uuid(),
    pattern_name varchar(100) not null,
    error_code_pattern varchar(100),
    message_pattern text,
    occurrence_count integer default 1 check (occurrence_count >= 0),
    first_seen timestamptz not null default current_timestamp,
    last_seen timestamptz not null default current_timestamp,
    auto_resolve_enabled boolean default false,
    auto_resolve_action jsonb check (jsonb_typeof(auto_resolve_action) = 'object'),
    project_id bigint references error_projects (id) on delete cascade,
    fingerprint bytea not null check (length(fingerprint) = 32),
    grouping_version integer not null default 1 check (grouping_version > 0),
    status varchar(20) not null default 'open' check (status in ('open', 'resolved', 'regressed', 'ignored')),
    resolved_at timestamptz,
    last_alert_at timestamptz,
    alerts_suppressed integer not null default 0 check (alerts_suppressed >= 0),
    unique nulls not distinct (project_id, grouping_version, fingerprint),
    check (last_seen >= first_seen)
);
create index error_patterns_seen on error_patterns (last_seen desc);
create index error_patterns_code on error_patterns (error_code_pattern);
call app.system_table('error_patterns');
call app.retain('error_patterns', 'last_seen', '400 days');

-- Deleting a tenant deletes its errors; deleting a person leaves them without the person.
create table error_logs (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid references tenants (id) on delete cascade,
    user_id uuid,
    error_code varchar(50) not null,
    error_type varchar(50) not null,
    error_message text not null,
    stack_trace text,
    request_id varchar(100),
    source_service varchar(100),
    source_function varchar(200),
    context jsonb default '{}' check (jsonb_typeof(context) = 'object'),
    severity varchar(20) not null default 'error'
        check (severity in ('debug', 'info', 'warning', 'error', 'critical')),
    resolved boolean default false,
    resolved_at timestamptz,
    -- An operator, of whichever tenant: the one reference to a person that crosses tenants.
    resolved_by uuid references users (id) on delete set null,
    resolution_notes text,
    created_at timestamptz not null default current_timestamp,
    project_id bigint references error_projects (id) on delete cascade,
    pattern_id uuid references error_patterns (id) on delete set null,
    -- The sender's id of the event; a replay from the spool counts once.
    event_id uuid,
    release varchar(200) not null default '',
    environment varchar(64) not null default '',
    is_regression boolean not null default false,
    unique nulls not distinct (tenant_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete set null (user_id),
    check (resolved = (resolved_at is not null))
);
create unique index error_logs_event on error_logs (project_id, event_id) nulls not distinct
    where event_id is not null;
create index error_logs_tenant on error_logs (tenant_id, created_at desc);
create index error_logs_user on error_logs (tenant_id, user_id);
create index error_logs_code on error_logs (error_code, created_at desc);
create index error_logs_unresolved on error_logs (severity, created_at desc) where resolved = false;
create index error_logs_resolver on error_logs (resolved_by);
create index error_logs_project on error_logs (project_id, created_at desc);
create index error_logs_pattern on error_logs (pattern_id, created_at desc);
create index error_logs_at on error_logs (created_at);
call app.drop_box('error_logs');
call app.retain('error_logs', 'created_at', '90 days');

-- Actions that ran by themselves: bounded by counting these, audited by keeping them.
create table error_actions (
    id uuid primary key default gen_random_uuid(),
    pattern_id uuid references error_patterns (id) on delete cascade,
    action jsonb not null check (jsonb_typeof(action) = 'object'),
    succeeded boolean,
    detail text not null default '',
    started_at timestamptz not null default current_timestamp,
    finished_at timestamptz
);
create index error_actions_pattern on error_actions (pattern_id, started_at desc);
call app.system_table('error_actions');
call app.retain('error_actions', 'started_at', '400 days');
