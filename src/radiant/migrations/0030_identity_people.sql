-- Invitations, groups, and people that an identity provider keeps up to date (SCIM).

create table invitations (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    email varchar(320) not null check (email = lower(email) and position('@' in email) > 1),
    name varchar(200) not null default '',
    role varchar(20) not null check (role in ('owner', 'admin', 'member', 'viewer')),
    token_hash bytea not null unique check (length(token_hash) = 32),
    invited_by uuid,
    mailed_at timestamptz,
    expires_at timestamptz not null,
    created_at timestamptz not null default current_timestamp,
    unique (tenant_id, email),
    foreign key (tenant_id, invited_by) references users (tenant_id, id) on delete set null (invited_by)
);
create index invitations_invited_by on invitations (tenant_id, invited_by);
create index invitations_expiry on invitations (expires_at);
call app.tenant_table('invitations', 'select (id, tenant_id, email, name, role, invited_by, mailed_at, expires_at,
    created_at), delete');
call app.retain('invitations', 'expires_at', '30 days');

create table groups (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    name varchar(200) not null check (length(btrim(name)) > 0),
    -- The id that an identity provider knows it by.
    external_id varchar(400),
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    unique (tenant_id, id)
);
create unique index groups_name on groups (tenant_id, lower(name));
create index groups_external on groups (tenant_id, external_id);
call app.tenant_table('groups');
call app.notifies('groups');

create table group_members (
    tenant_id uuid not null,
    group_id uuid not null,
    user_id uuid not null,
    created_at timestamptz not null default current_timestamp,
    primary key (tenant_id, group_id, user_id),
    foreign key (tenant_id, group_id) references groups (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index group_members_user on group_members (tenant_id, user_id);
call app.tenant_table('group_members', 'select, insert, delete');
call app.notifies('group_members');

-- The one token by which a tenant's identity provider writes people and groups here.
create table scim_tokens (
    tenant_id uuid primary key references tenants (id) on delete cascade,
    token_hash bytea not null unique check (length(token_hash) = 32),
    prefix varchar(16) not null,
    created_by uuid,
    created_at timestamptz not null default current_timestamp,
    last_used_at timestamptz,
    foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by)
);
create index scim_tokens_created_by on scim_tokens (tenant_id, created_by);
call app.tenant_table('scim_tokens', 'select (tenant_id, prefix, created_by, created_at, last_used_at)');

-- What an identity provider calls a person, as it wrote it.
alter table users
    add column external_id varchar(400),
    add column scim jsonb not null default '{}' check (jsonb_typeof(scim) = 'object');
grant select (external_id, scim) on users to radiant_app;
create index users_external on users (tenant_id, external_id);
create unique index users_scim_name on users (tenant_id, lower(scim ->> 'userName'));
