-- Section 15. Secrets are sealed by infra/kms before they come here; the database sees ciphertext alone.

-- Deleting a vault deletes its credentials and their versions; the trail of who read them stays.
create table credential_vaults (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    vault_name varchar(100) not null check (length(btrim(vault_name)) > 0),
    description text,
    -- The key that wraps the data keys: a KMS ARN, or `local:<id>`.
    encryption_key_arn varchar(500) not null check (length(encryption_key_arn) > 0),
    created_at timestamptz not null default current_timestamp,
    created_by uuid,
    unique (tenant_id, vault_name),
    unique (tenant_id, id),
    foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by)
);
create index credential_vaults_creator on credential_vaults (tenant_id, created_by);
call app.tenant_table('credential_vaults');

create table credential_vault_members (
    tenant_id uuid not null,
    vault_id uuid not null,
    user_id uuid not null,
    role varchar(20) not null check (role in ('owner', 'manager', 'reader')),
    added_at timestamptz not null default current_timestamp,
    primary key (vault_id, user_id),
    foreign key (tenant_id, vault_id) references credential_vaults (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index credential_vault_members_user on credential_vault_members (tenant_id, user_id);
call app.tenant_table('credential_vault_members');

create table stored_credentials (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    vault_id uuid not null,
    credential_name varchar(100) not null check (length(btrim(credential_name)) > 0),
    credential_type varchar(50) not null check (credential_type ~ '^[a-z][a-z0-9_]*$'),
    -- The current version's sealed value, as in credential_versions.
    encrypted_value bytea not null,
    metadata jsonb default '{}' check (jsonb_typeof(metadata) = 'object'),
    expires_at timestamptz,
    last_rotated timestamptz,
    rotation_schedule varchar(50),
    is_active boolean default true,
    created_by uuid,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    current_version integer not null default 1 check (current_version > 0),
    next_rotation_at timestamptz,
    unique (tenant_id, vault_id, credential_name),
    unique (tenant_id, id),
    foreign key (tenant_id, vault_id) references credential_vaults (tenant_id, id) on delete cascade,
    foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by)
);
create index stored_credentials_creator on stored_credentials (tenant_id, created_by);
create index stored_credentials_rotation on stored_credentials (next_rotation_at) where next_rotation_at is not null;
create index stored_credentials_expiry on stored_credentials (expires_at) where expires_at is not null;
call app.tenant_table('stored_credentials');

-- A data key per version, wrapped by the key-encryption key and bound to tenant, vault, credential and version.
create table credential_versions (
    tenant_id uuid not null,
    credential_id uuid not null,
    version integer not null check (version > 0),
    kek_id varchar(500) not null,
    wrapped_key bytea not null,
    nonce bytea not null check (length(nonce) = 12),
    ciphertext bytea not null,
    state varchar(20) not null default 'current' check (state in ('pending', 'current', 'grace', 'retired')),
    -- The old value is still served until then, so that a rotation breaks nobody.
    grace_until timestamptz,
    created_by uuid,
    created_at timestamptz not null default current_timestamp,
    retired_at timestamptz,
    primary key (tenant_id, credential_id, version),
    foreign key (tenant_id, credential_id) references stored_credentials (tenant_id, id) on delete cascade,
    foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by),
    check ((state = 'retired') = (retired_at is not null))
);
create unique index credential_versions_current on credential_versions (tenant_id, credential_id)
    where state = 'current';
create index credential_versions_creator on credential_versions (tenant_id, created_by);
create index credential_versions_kek on credential_versions (kek_id);
call app.tenant_table('credential_versions');
call app.retain('credential_versions', 'retired_at', '90 days');

-- Append-only and chained like audit_log: h = hash(previous, row), seq per tenant. It records attempts on ids that
-- never existed and outlives credentials, people and the tenant, so nothing in it is a reference.
create table credential_access_log (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    seq bigint not null check (seq > 0),
    credential_id uuid not null,
    vault_id uuid,
    version integer,
    accessed_by uuid,
    access_type varchar(50) not null check (access_type ~ '^[a-z][a-z0-9_]*$'),
    access_reason text,
    source_ip varchar(45),
    user_agent text,
    success boolean not null,
    failure varchar(100),
    created_at timestamptz not null default current_timestamp,
    prev_hash bytea not null,
    hash bytea not null check (length(hash) = 32),
    unique (tenant_id, seq)
);
create index credential_access_log_credential on credential_access_log (tenant_id, credential_id, created_at desc);
create index credential_access_log_at on credential_access_log (tenant_id, created_at desc);
call app.tenant_table('credential_access_log', 'select, insert');
revoke update, delete on credential_access_log from radiant_system;
