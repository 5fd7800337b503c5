-- Errors grouped, per tenant. Each row belongs to a tenant or to the platform itself; `owner_id` says to whom in a form
-- that keys and indexes can hold: the tenant, or zeros for the platform. What RADIANT itself failed at while it served a
-- tenant is the platform's (`of_platform`), though the tenant is noted.

alter table error_projects
    add column owner_id uuid not null generated always as
        (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000')) stored,
    add column platform varchar(50) not null default 'python' check (platform ~ '^[a-z][a-z0-9-]*$'),
    -- Traces that SDKs send along: counted, or dropped before that.
    add column transactions varchar(10) not null default 'count' check (transactions in ('count', 'drop')),
    add column keep_variables boolean not null default false,
    add column events_per_minute integer not null default 600 check (events_per_minute between 1 and 100000),
    add unique (owner_id, id);
grant select, insert, delete on error_projects to radiant_app;
grant update (name, slug, public_key, is_active, platform, transactions, keep_variables, events_per_minute)
    on error_projects to radiant_app;
create policy tenant on error_projects to radiant_app
    using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
call app.notifies('error_projects');

alter table error_patterns
    drop constraint error_patterns_project_id_grouping_version_fingerprint_key,
    add column tenant_id uuid references tenants (id) on delete cascade,
    add column owner_id uuid not null generated always as
        (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000')) stored,
    add column error_type varchar(50) not null default 'Error',
    add column culprit varchar(200) not null default '',
    add column severity varchar(20) not null default 'error'
        check (severity in ('debug', 'info', 'warning', 'error', 'critical')),
    -- What triage sorts by: 1 critical … 5 debug.
    add column rank smallint not null generated always as (case severity when 'critical' then 1 when 'error' then 2
        when 'warning' then 3 when 'info' then 4 else 5 end) stored,
    add column assigned_to uuid references users (id) on delete set null,
    add column resolved_by uuid references users (id) on delete set null,
    add column resolution_notes text,
    -- Resolved for the versions to come: one that was known by then does not reopen it.
    add column in_next_release boolean not null default false,
    add column ignored_until timestamptz,
    -- The count at which an ignored one comes back.
    add column ignored_until_count integer check (ignored_until_count > 0),
    -- The group that this fingerprint was put into; null: it is a group itself.
    add column merged_into uuid,
    add unique (owner_id, id),
    add unique nulls not distinct (owner_id, project_id, grouping_version, fingerprint),
    add foreign key (owner_id, merged_into) references error_patterns (owner_id, id) on delete cascade,
    add check (merged_into is distinct from id);
alter table error_patterns drop constraint error_patterns_project_id_fkey,
    add foreign key (owner_id, project_id) references error_projects (owner_id, id) on delete cascade;
create index error_patterns_triage on error_patterns (owner_id, status, rank, last_seen desc, id);
create index error_patterns_tenant on error_patterns (tenant_id);
create index error_patterns_project on error_patterns (owner_id, project_id);
create index error_patterns_merged on error_patterns (owner_id, merged_into) where merged_into is not null;
create index error_patterns_assigned on error_patterns (assigned_to) where assigned_to is not null;
create index error_patterns_resolver on error_patterns (resolved_by) where resolved_by is not null;
grant select on error_patterns to radiant_app;
grant update (status, resolved_at, resolved_by, resolution_notes, in_next_release, ignored_until, ignored_until_count,
    merged_into, assigned_to, auto_resolve_enabled, auto_resolve_action) on error_patterns to radiant_app;
create policy tenant on error_patterns to radiant_app
    using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));

alter table error_logs
    add column of_platform boolean not null default false,
    add column owner_id uuid not null generated always as
        (coalesce(case when not of_platform then tenant_id end, '00000000-0000-0000-0000-000000000000')) stored,
    -- A digest of whoever was affected, never who.
    add column affected bytea,
    add column trace_id varchar(32) not null default '';
alter table error_logs drop constraint error_logs_project_id_fkey, drop constraint error_logs_pattern_id_fkey,
    add foreign key (owner_id, project_id) references error_projects (owner_id, id) on delete cascade,
    add foreign key (owner_id, pattern_id) references error_patterns (owner_id, id) on delete cascade;
drop index error_logs_event, error_logs_project, error_logs_pattern;
create unique index error_logs_event on error_logs (owner_id, project_id, event_id) nulls not distinct
    where event_id is not null;
create index error_logs_project on error_logs (owner_id, project_id);
create index error_logs_pattern on error_logs (owner_id, pattern_id, created_at desc, id desc);
create index error_logs_trace on error_logs (owner_id, trace_id) where trace_id <> '';
-- No drop box any more: the spool's writer alone adds rows, and admins read their tenant's own.
drop policy tenant on error_logs;
revoke insert on error_logs from radiant_app;
grant select on error_logs to radiant_app;
grant update (resolved, resolved_at, resolved_by, resolution_notes) on error_logs to radiant_app;
create policy tenant on error_logs to radiant_app
    using (tenant_id = (select app.tenant()) and not of_platform)
    with check (tenant_id = (select app.tenant()) and not of_platform);

alter table error_actions
    add column tenant_id uuid references tenants (id) on delete cascade,
    add column owner_id uuid not null generated always as
        (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000')) stored,
    drop constraint error_actions_pattern_id_fkey,
    add foreign key (owner_id, pattern_id) references error_patterns (owner_id, id) on delete cascade;
create index error_actions_tenant on error_actions (tenant_id);
create index error_actions_of on error_actions (owner_id, pattern_id, started_at desc);
drop index error_actions_pattern;
grant select on error_actions to radiant_app;
create policy tenant on error_actions to radiant_app
    using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));

-- Occurrences by the hour, for the small curves.
create table error_hours (
    tenant_id uuid references tenants (id) on delete cascade,
    owner_id uuid not null generated always as
        (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000')) stored,
    pattern_id uuid not null,
    hour timestamptz not null,
    occurrences integer not null check (occurrences >= 0),
    primary key (owner_id, pattern_id, hour),
    foreign key (owner_id, pattern_id) references error_patterns (owner_id, id) on delete cascade
);
create index error_hours_tenant on error_hours (tenant_id);
call app.tenant_table('error_hours', 'select');
call app.retain('error_hours', 'hour', '90 days');

-- Who was affected, as digests: counted, not named.
create table error_affected (
    tenant_id uuid references tenants (id) on delete cascade,
    owner_id uuid not null generated always as
        (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000')) stored,
    pattern_id uuid not null,
    affected bytea not null check (length(affected) between 16 and 32),
    last_seen timestamptz not null default current_timestamp,
    primary key (owner_id, pattern_id, affected),
    foreign key (owner_id, pattern_id) references error_patterns (owner_id, id) on delete cascade
);
create index error_affected_tenant on error_affected (tenant_id);
call app.tenant_table('error_affected', 'select');
call app.retain('error_affected', 'last_seen', '90 days');

-- When each version was first heard of: what "the next release" means.
create table error_releases (
    tenant_id uuid references tenants (id) on delete cascade,
    owner_id uuid not null generated always as
        (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000')) stored,
    project_id bigint,
    release varchar(200) not null check (release <> ''),
    first_seen timestamptz not null,
    last_seen timestamptz not null,
    unique nulls not distinct (owner_id, project_id, release),
    foreign key (owner_id, project_id) references error_projects (owner_id, id) on delete cascade
);
create index error_releases_tenant on error_releases (tenant_id);
call app.tenant_table('error_releases', 'select');
call app.retain('error_releases', 'last_seen', '400 days');

-- What SDKs send besides errors, counted by the hour.
create table error_tallies (
    tenant_id uuid references tenants (id) on delete cascade,
    owner_id uuid not null generated always as
        (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000')) stored,
    project_id bigint,
    kind varchar(20) not null check (kind in ('transaction', 'session', 'crash', 'check_in', 'log', 'discarded')),
    hour timestamptz not null,
    items bigint not null check (items >= 0),
    unique nulls not distinct (owner_id, project_id, kind, hour),
    foreign key (owner_id, project_id) references error_projects (owner_id, id) on delete cascade
);
create index error_tallies_tenant on error_tallies (tenant_id);
call app.tenant_table('error_tallies', 'select');
call app.retain('error_tallies', 'hour', '90 days');

-- How a tenant (or the platform: null) wants its errors: what else is taken out, and who is told.
create table error_settings (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid references tenants (id) on delete cascade,
    owner_id uuid not null generated always as
        (coalesce(tenant_id, '00000000-0000-0000-0000-000000000000')) stored unique,
    scrub_patterns text[] not null default '{}' check (cardinality(scrub_patterns) <= 50),
    alert_on text[] not null default '{critical}' check (alert_on <@ '{critical,new,regression}'),
    alert_minutes integer not null default 60 check (alert_minutes between 1 and 10080),
    alert_emails text[] not null default '{}' check (cardinality(alert_emails) <= 20),
    alert_webhook text check (length(alert_webhook) <= 2000),
    alert_topic_arn text check (alert_topic_arn ~ '^arn:[a-z-]+:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]+$'),
    -- What signs calls of webhooks, sealed.
    webhook_secret jsonb check (jsonb_typeof(webhook_secret) = 'object'),
    actions_enabled boolean not null default false,
    updated_at timestamptz not null default current_timestamp,
    -- The platform's own AWS identity sends to a topic, so a tenant names none.
    check (tenant_id is null or alert_topic_arn is null)
);
create index error_settings_tenant on error_settings (tenant_id);
call app.tenant_table('error_settings');
call app.notifies('error_settings');

-- How far the spool of each process is in the tables above.
create table error_spools (
    id uuid primary key,
    segment integer not null,
    read_to integer not null,
    written_at timestamptz not null default current_timestamp
);
call app.system_table('error_spools');
call app.retain('error_spools', 'written_at', '90 days');

-- Kept by plan.
alter table retention_policies no force row level security;
delete from retention_policies where table_name = 'error_logs';
alter table retention_policies force row level security;
call app.retain('error_logs', 'created_at', '30 days',
    'not of_platform and tenant_id in (select id from tenants where plan = ''free'')');
call app.retain('error_logs', 'created_at', '90 days',
    'of_platform or tenant_id is null or tenant_id in (select id from tenants where plan = ''standard'')');
call app.retain('error_logs', 'created_at', '400 days', 'true');
