-- Section 16 in use: whose keys an identity is reached by, sessions of assumed roles, rotations as steps.

alter table aws_identities
    add column partition varchar(20) not null generated always as (split_part(arn, ':', 2)) stored,
    add column account_id varchar(12) not null generated always as (split_part(arn, ':', 5)) stored,
    add column region varchar(30) check (region ~ '^[a-z]{2,4}(-[a-z]+)+-[0-9]+$'),
    -- credential: by the keys in key_credential. platform: by those of the process itself, which the operator alone may
    -- say. Stated, so that a credential which is purged leaves an identity without keys, and none with the platform's.
    add column source varchar(20) not null default 'credential' check (source in ('credential', 'platform')),
    -- Made here as a rule: an external id that the customer chooses guards against nothing.
    add column external_id varchar(1224) check (external_id ~ '^[A-Za-z0-9_+=,.@:/-]+$'),
    add column policy_arns text[] not null default '{}' check (cardinality(policy_arns) <= 10),
    add column tags jsonb not null default '{}' check (jsonb_typeof(tags) = 'object'),
    add column transitive_tag_keys text[] not null default '{}' check (cardinality(transitive_tag_keys) <= 50),
    -- The role through which a user's keys are managed; null: by the user's own.
    add column manager_id uuid,
    -- After readers have the new key, the old one is switched off once it was idle for so long, at the latest after the
    -- grace; so long it stays switched off before it is deleted.
    add column idle_seconds integer not null default 14400 check (idle_seconds between 0 and 2592000),
    add column grace_seconds integer not null default 86400 check (grace_seconds between 0 and 2592000),
    add column inactive_seconds integer not null default 86400 check (inactive_seconds between 0 and 2592000),
    -- A user's key is rotated by itself once it is so old.
    add column rotate_after_days integer check (rotate_after_days between 1 and 3650),
    add column rotation_tried_at timestamptz,
    add check (external_id is null or external_id_credential is null),
    add check (kind = 'role' or source = 'credential'),
    add check (manager_id is distinct from id),
    add foreign key (tenant_id, manager_id) references aws_identities (tenant_id, id) on delete set null (manager_id);
create index aws_identities_manager on aws_identities (tenant_id, manager_id) where manager_id is not null;
create index aws_identities_list on aws_identities (tenant_id, lower(name), id);

-- What STS gave, sealed, so that processes share it. Whoever holds the lease asks STS, and the others wait.
create table aws_sessions (
    -- By which rekeying goes on.
    id uuid not null default gen_random_uuid() unique,
    tenant_id uuid not null,
    identity_id uuid not null,
    -- SHA-256 of all that the session was asked for, the identity's last change included.
    digest bytea not null check (length(digest) = 32),
    sealed jsonb check (jsonb_typeof(sealed) = 'object'),
    refresh_at timestamptz,
    expires_at timestamptz,
    leased_by uuid,
    leased_until timestamptz,
    touched_at timestamptz not null default current_timestamp,
    primary key (tenant_id, identity_id, digest),
    check ((sealed is null) = (expires_at is null)),
    check ((sealed is null) = (refresh_at is null)),
    foreign key (tenant_id, identity_id) references aws_identities (tenant_id, id) on delete cascade
);
call app.tenant_table('aws_sessions');
call app.retain('aws_sessions', 'touched_at', '2 days');

-- Nothing was kept here before.
alter table aws_key_rotations
    drop constraint aws_key_rotations_state_check,
    drop constraint aws_key_rotations_check,
    alter column state set default 'started',
    add check (state in
        ('started', 'creating', 'stored', 'verified', 'switched', 'deactivated', 'rolling_back', 'done', 'rolled_back')),
    add check ((state in ('done', 'rolled_back')) = (finished_at is not null)),
    add column started_by varchar(200) not null default '',
    add column replaced_key_id varchar(128),
    -- The keys that the user had before one was created: any other of that hour is one whose secret was lost.
    add column known_key_ids text[] not null default '{}' check (cardinality(known_key_ids) <= 10),
    add column create_began_at timestamptz,
    add column version integer check (version > 0),
    add column stored_at timestamptz,
    add column switched_at timestamptz,
    add column idle_seconds integer not null default 14400 check (idle_seconds >= 0),
    add column grace_seconds integer not null default 86400 check (grace_seconds >= 0),
    add column inactive_seconds integer not null default 86400 check (inactive_seconds >= 0),
    -- How often its present step was begun, and how often in a row it failed in a way that may pass.
    add column tries integer not null default 0 check (tries >= 0),
    add column failures integer not null default 0 check (failures >= 0),
    add column next_at timestamptz not null default current_timestamp,
    add column leased_by uuid,
    add column leased_until timestamptz,
    add column cancelled_at timestamptz,
    -- Somebody must act: retry or cancel. `error` says what was wrong.
    add column stuck boolean not null default false,
    add unique (tenant_id, id);
create index aws_key_rotations_list on aws_key_rotations (tenant_id, identity_id, id desc);

-- What was done when: the journal of a rotation.
create table aws_key_rotation_steps (
    tenant_id uuid not null,
    rotation_id uuid not null,
    seq integer not null check (seq > 0),
    step varchar(30) not null check (step ~ '^[a-z][a-z0-9_]*$'),
    outcome varchar(10) not null check (outcome in ('done', 'waiting', 'failed')),
    detail jsonb not null default '{}' check (jsonb_typeof(detail) = 'object'),
    at timestamptz not null default current_timestamp,
    primary key (tenant_id, rotation_id, seq),
    foreign key (tenant_id, rotation_id) references aws_key_rotations (tenant_id, id) on delete cascade
);
call app.tenant_table('aws_key_rotation_steps');
