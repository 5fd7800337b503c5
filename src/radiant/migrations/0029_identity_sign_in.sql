-- Further ways to sign in: a tenant's own identity provider (OpenID Connect), one-time codes, passkeys.

-- How the session was opened, and whether with more than a password; `sso_token` is the sealed ID token, which the
-- identity provider wants to see again at sign-out.
alter table sessions
    add column method varchar(20) not null default 'password'
        check (method in ('password', 'sso', 'passkey', 'invitation')),
    add column second_factor boolean not null default false,
    add column sso_token jsonb;
grant select (method, second_factor) on sessions to radiant_app;

-- The tenant's identity provider: one.
create table sso_connections (
    tenant_id uuid primary key references tenants (id) on delete cascade,
    issuer varchar(500) not null,
    client_id varchar(500) not null,
    -- Sealed to the tenant; null: a public client, which PKCE protects.
    client_secret jsonb,
    allowed_domains text[] not null default '{}',
    default_role varchar(20) not null default 'member' check (default_role in ('viewer', 'member', 'admin')),
    groups_claim varchar(100) not null default 'groups',
    -- Name of a group there -> role here.
    group_roles jsonb not null default '{}' check (jsonb_typeof(group_roles) = 'object'),
    extra_scopes varchar(500) not null default '',
    creates_people boolean not null default true,
    -- Whether others than owners sign in by it alone.
    required boolean not null default false,
    -- The operator may name a server of the inner network.
    allow_private boolean not null default false,
    is_active boolean not null default true,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp
);
call app.tenant_table('sso_connections', 'select (tenant_id, issuer, client_id, allowed_domains, default_role,
    groups_claim, group_roles, extra_scopes, creates_people, required, allow_private, is_active, created_at, updated_at)');

-- Which account at the identity provider is whose.
create table user_identities (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    issuer varchar(500) not null,
    subject varchar(255) not null,
    created_at timestamptz not null default current_timestamp,
    last_used_at timestamptz not null default current_timestamp,
    unique (tenant_id, issuer, subject),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index user_identities_user on user_identities (tenant_id, user_id);
call app.person_table('user_identities', 'select');

-- A sign-in, or a change of a way to sign in, that waits for its next step: one-time, short-lived, known by a hash.
create table sign_in_steps (
    token_hash bytea primary key check (length(token_hash) = 32),
    kind varchar(20) not null
        check (kind in ('sso', 'second_factor', 'passkey', 'new_passkey', 'password_reset')),
    tenant_id uuid references tenants (id) on delete cascade,
    user_id uuid,
    content jsonb not null default '{}' check (jsonb_typeof(content) = 'object'),
    tries integer not null default 0 check (tries >= 0),
    created_at timestamptz not null default current_timestamp,
    expires_at timestamptz not null,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index sign_in_steps_user on sign_in_steps (tenant_id, user_id);
create index sign_in_steps_expiry on sign_in_steps (expires_at);
call app.system_table('sign_in_steps');
call app.retain('sign_in_steps', 'expires_at', '1 day');

-- One-time codes by time (RFC 6238). A code of a step up to `last_step` was used already.
create table totp_secrets (
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    secret jsonb not null,
    confirmed_at timestamptz,
    last_step bigint not null default 0,
    created_at timestamptz not null default current_timestamp,
    primary key (tenant_id, user_id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
call app.person_table('totp_secrets', 'select (tenant_id, user_id, confirmed_at, created_at)');

create table recovery_codes (
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    code_hash bytea not null check (length(code_hash) = 32),
    used_at timestamptz,
    created_at timestamptz not null default current_timestamp,
    primary key (tenant_id, user_id, code_hash),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
call app.person_table('recovery_codes', 'select (tenant_id, user_id, used_at, created_at)');

create table passkeys (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    name varchar(100) not null check (length(btrim(name)) > 0),
    credential_id bytea not null unique check (length(credential_id) between 1 and 1023),
    public_key bytea not null,
    sign_count bigint not null default 0 check (sign_count >= 0),
    transports text[] not null default '{}',
    backed_up boolean not null default false,
    created_at timestamptz not null default current_timestamp,
    last_used_at timestamptz,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index passkeys_user on passkeys (tenant_id, user_id, created_at);
call app.person_table('passkeys', 'select (id, tenant_id, user_id, name, credential_id, transports, backed_up,
    created_at, last_used_at), update (name), delete');

-- A service account is a user without a way to sign in, which owns API keys.
alter table users add column kind varchar(20) not null default 'person' check (kind in ('person', 'service'));
grant select (kind), insert (kind) on users to radiant_app;
