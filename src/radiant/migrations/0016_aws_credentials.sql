-- Section 16. Which AWS roles and users this installation may use, by whom; secrets live in a vault.

create table aws_identities (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    name varchar(100) not null check (length(btrim(name)) > 0),
    kind varchar(20) not null check (kind in ('role', 'user')),
    arn varchar(2048) not null check (arn ~ '^arn:aws[a-z-]*:iam::[0-9]{12}:(role|user)/'),
    -- Sealed like every secret, since whoever knows it may assume the role.
    external_id_credential uuid,
    session_policy jsonb check (jsonb_typeof(session_policy) = 'object'),
    max_duration_seconds integer not null default 3600 check (max_duration_seconds between 900 and 43200),
    key_credential uuid,
    created_by uuid,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    unique (tenant_id, name),
    unique (tenant_id, arn),
    unique (tenant_id, id),
    check (split_part(split_part(arn, ':', 6), '/', 1) = kind),
    foreign key (tenant_id, external_id_credential) references stored_credentials (tenant_id, id)
        on delete set null (external_id_credential),
    foreign key (tenant_id, key_credential) references stored_credentials (tenant_id, id)
        on delete set null (key_credential),
    foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by)
);
create index aws_identities_external_id on aws_identities (external_id_credential);
create index aws_identities_key on aws_identities (key_credential);
create index aws_identities_creator on aws_identities (tenant_id, created_by);
call app.tenant_table('aws_identities');

-- A rotation under way, so that a crash between two calls of AWS is carried on and loses no secret.
create table aws_key_rotations (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    identity_id uuid not null,
    state varchar(20) not null default 'created' check (state in
        ('created', 'stored', 'verified', 'deactivated', 'done', 'rolled_back', 'failed')),
    old_access_key_id varchar(128),
    new_access_key_id varchar(128),
    delete_after timestamptz,
    error text,
    started_at timestamptz not null default current_timestamp,
    finished_at timestamptz,
    check ((state in ('done', 'rolled_back', 'failed')) = (finished_at is not null)),
    foreign key (tenant_id, identity_id) references aws_identities (tenant_id, id) on delete cascade
);
create unique index aws_key_rotations_open on aws_key_rotations (tenant_id, identity_id) where finished_at is null;
create index aws_key_rotations_identity on aws_key_rotations (tenant_id, identity_id, started_at desc);
call app.tenant_table('aws_key_rotations');
call app.retain('aws_key_rotations', 'finished_at', '400 days');
