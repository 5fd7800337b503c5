-- Tenants and the people and keys in them.

create table tenants (
    id uuid primary key default gen_random_uuid(),
    name varchar(200) not null check (length(btrim(name)) > 0),
    slug varchar(63) not null unique check (slug ~ '^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$'),
    plan varchar(20) not null default 'standard' check (plan in ('free', 'standard', 'enterprise')),
    status varchar(20) not null default 'active' check (status in ('active', 'suspended')),
    settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp
);
call app.protect('tenants', 'select, update (name, settings, updated_at)');
create policy tenant on tenants to radiant_app
    using (id = (select app.tenant())) with check (id = (select app.tenant()));

create table users (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    email varchar(320) not null check (email = lower(email) and position('@' in email) > 1),
    name varchar(200) not null default '',
    role varchar(20) not null default 'member' check (role in ('owner', 'admin', 'member', 'viewer')),
    -- The platform operator stands apart from the roles inside a tenant.
    is_operator boolean not null default false,
    password_hash text,
    must_change_password boolean not null default false,
    status varchar(20) not null default 'active' check (status in ('active', 'disabled')),
    preferences jsonb not null default '{}' check (jsonb_typeof(preferences) = 'object'),
    last_seen_at timestamptz,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    unique (tenant_id, id),
    unique (tenant_id, email)
);
create index users_email on users (email);
-- The application can neither read a password hash nor make an operator: sign-in and people management that
-- touch them go through SystemDb.
call app.protect('users', 'select (id, tenant_id, email, name, role, is_operator, must_change_password, status,
    preferences, last_seen_at, created_at, updated_at), update (email, name, role, status, preferences, updated_at), delete,
    insert (id, tenant_id, email, name, role, status, preferences)');
create policy tenant on users to radiant_app
    using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));

create table sessions (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    token_hash bytea not null unique check (length(token_hash) = 32),
    ip inet,
    user_agent varchar(400) not null default '',
    created_at timestamptz not null default current_timestamp,
    last_seen_at timestamptz not null default current_timestamp,
    expires_at timestamptz not null,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index sessions_user on sessions (tenant_id, user_id);
create index sessions_expiry on sessions (expires_at);
call app.person_table('sessions', 'select (id, tenant_id, user_id, ip, user_agent, created_at, last_seen_at, expires_at), delete');

create table api_keys (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    name varchar(100) not null check (length(btrim(name)) > 0),
    prefix varchar(16) not null,
    secret_hash bytea not null unique check (length(secret_hash) = 32),
    scopes text[] not null default '{inference}' check (scopes <@ '{inference,read,write,admin}'::text[]
        and cardinality(scopes) > 0),
    expires_at timestamptz,
    last_used_at timestamptz,
    revoked_at timestamptz,
    created_at timestamptz not null default current_timestamp,
    unique (tenant_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index api_keys_user on api_keys (tenant_id, user_id, created_at);
call app.tenant_table('api_keys', 'select (id, tenant_id, user_id, name, prefix, scopes, expires_at, last_used_at,
    revoked_at, created_at), insert, update (name, revoked_at), delete');

-- Guessing is counted per e-mail and per address; rows die with the window.
create table sign_in_attempts (
    id bigint generated always as identity primary key,
    subject varchar(340) not null,
    at timestamptz not null default current_timestamp
);
create index sign_in_attempts_subject on sign_in_attempts (subject, at);
call app.system_table('sign_in_attempts');
grant usage on sequence sign_in_attempts_id_seq to radiant_system;

-- Append-only and hash-chained per tenant (null: the platform's own chain). It outlives what it speaks of, so no
-- foreign keys beside the tenant's, and deleting a tenant leaves its trail to the operator.
create table audit_log (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid,
    seq bigint not null,
    at timestamptz not null default current_timestamp,
    actor_id uuid,
    actor_kind varchar(20) not null check (actor_kind in ('user', 'api_key', 'operator', 'system')),
    action varchar(100) not null,
    target_kind varchar(50) not null default '',
    target_id varchar(200) not null default '',
    detail jsonb not null default '{}',
    ip inet,
    request_id varchar(64) not null default '',
    prev_hash bytea not null,
    hash bytea not null check (length(hash) = 32),
    unique nulls not distinct (tenant_id, seq)
);
create index audit_log_at on audit_log (tenant_id, at desc);
call app.protect('audit_log', 'select, insert');
create policy tenant on audit_log to radiant_app
    using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
revoke update, delete on audit_log from radiant_system;
