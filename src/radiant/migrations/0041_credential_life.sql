-- What happens to credentials by itself: rotations, mirrors, warnings before they expire, leaks.

-- How a credential is rotated. The lease lets one worker at a time do something with it.
create table credential_rotators (
    tenant_id uuid not null,
    credential_id uuid not null,
    rotator varchar(50) not null check (rotator ~ '^[a-z][a-z0-9_]*$'),
    settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
    -- The operator set it up: private addresses may be called.
    inner_addresses boolean not null default false,
    failures integer not null default 0 check (failures >= 0),
    lease uuid,
    leased_until timestamptz,
    updated_by uuid,
    updated_at timestamptz not null default current_timestamp,
    primary key (tenant_id, credential_id),
    check ((lease is null) = (leased_until is null)),
    foreign key (tenant_id, credential_id) references stored_credentials (tenant_id, id) on delete cascade,
    foreign key (tenant_id, updated_by) references users (tenant_id, id) on delete set null (updated_by)
);
create index credential_rotators_updater on credential_rotators (tenant_id, updated_by);
call app.tenant_table('credential_rotators');

-- `steps`: when each state was reached. The former version is retired by the rotator when its grace is over.
create table credential_rotations (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    credential_id uuid not null,
    cause varchar(20) not null check (cause in ('schedule', 'person')),
    state varchar(20) not null default 'queued' check (state in
        ('queued', 'proposed', 'applied', 'verified', 'current', 'failed')),
    version integer check (version > 0),
    former_version integer check (former_version > 0),
    attempts integer not null default 0 check (attempts >= 0),
    error varchar(500),
    grace_seconds integer check (grace_seconds between 0 and 31536000),
    requested_by uuid,
    steps jsonb not null default '{}' check (jsonb_typeof(steps) = 'object'),
    started_at timestamptz not null default current_timestamp,
    finished_at timestamptz,
    retire_at timestamptz,
    retired_at timestamptz,
    check ((state in ('current', 'failed')) = (finished_at is not null)),
    foreign key (tenant_id, credential_id) references stored_credentials (tenant_id, id) on delete cascade,
    foreign key (tenant_id, requested_by) references users (tenant_id, id) on delete set null (requested_by)
);
create unique index credential_rotations_open on credential_rotations (tenant_id, credential_id)
    where finished_at is null;
create index credential_rotations_list on credential_rotations (tenant_id, credential_id, started_at desc, id desc);
create index credential_rotations_asker on credential_rotations (tenant_id, requested_by);
create index credential_rotations_retire on credential_rotations (retire_at) where retire_at is not null and retired_at is null;
call app.tenant_table('credential_rotations');
call app.retain('credential_rotations', 'finished_at', '400 days');

-- A schedule that changes, or a rotation by hand, moves the next one: the worker works it out.
create function app.forget_next_rotation() returns trigger language plpgsql as $$
begin
    new.next_rotation_at := null;
    return new;
end $$;
create trigger forget_next_rotation before update of rotation_schedule, last_rotated on stored_credentials for each row
    when (old.rotation_schedule is distinct from new.rotation_schedule or old.last_rotated is distinct from new.last_rotated)
    execute function app.forget_next_rotation();
create index stored_credentials_scheduled on stored_credentials (id)
    where rotation_schedule is not null and next_rotation_at is null;

-- Where the current version is pushed to.
create table credential_mirrors (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    credential_id uuid not null,
    region varchar(50) not null check (region ~ '^[a-z0-9-]+$'),
    secret_id varchar(2048) not null check (length(btrim(secret_id)) > 0),
    -- The credential of type aws by which Amazon is asked; null: this installation's own identity.
    access_credential_id uuid,
    pushed_version integer,
    pushed_at timestamptz,
    failures integer not null default 0 check (failures >= 0),
    error varchar(500),
    next_try_at timestamptz not null default current_timestamp,
    -- What Secrets Manager held when it was last looked at.
    drift varchar(20) not null default 'unknown' check (drift in ('unknown', 'none', 'changed', 'missing')),
    checked_at timestamptz,
    created_by uuid,
    created_at timestamptz not null default current_timestamp,
    unique (tenant_id, credential_id, region, secret_id),
    unique (tenant_id, id),
    foreign key (tenant_id, credential_id) references stored_credentials (tenant_id, id) on delete cascade,
    foreign key (tenant_id, access_credential_id) references stored_credentials (tenant_id, id) on delete cascade,
    foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by)
);
create index credential_mirrors_access on credential_mirrors (tenant_id, access_credential_id);
create index credential_mirrors_creator on credential_mirrors (tenant_id, created_by);
create index credential_mirrors_due on credential_mirrors (next_try_at);
call app.tenant_table('credential_mirrors');

-- What was warned of already: a term (30, 7, 1 or 0 days before) of a time.
create table credential_warnings (
    tenant_id uuid not null,
    credential_id uuid not null,
    kind varchar(20) not null check (kind in ('expiry', 'rotation')),
    at timestamptz not null,
    days integer not null check (days >= 0),
    warned_at timestamptz not null default current_timestamp,
    primary key (tenant_id, credential_id, kind, at, days),
    foreign key (tenant_id, credential_id) references stored_credentials (tenant_id, id) on delete cascade
);
call app.tenant_table('credential_warnings', 'select');
call app.retain('credential_warnings', 'warned_at', '400 days');

-- Keyed marks of stored values (see foundation/credentials/fingerprints.py): no value can be read from them.
create table credential_fingerprints (
    tenant_id uuid not null,
    credential_id uuid not null,
    version integer not null,
    digest bytea not null check (length(digest) between 16 and 32),
    mark integer not null check (mark between 0 and 16777215),
    length smallint not null check (length between 1 and 256),
    form varchar(20) not null,
    made_at timestamptz not null default current_timestamp,
    primary key (tenant_id, credential_id, version, digest),
    foreign key (tenant_id, credential_id) references stored_credentials (tenant_id, id) on delete cascade
);
create index credential_fingerprints_mark on credential_fingerprints (tenant_id, mark);
call app.tenant_table('credential_fingerprints', 'select, insert, delete');
-- A version that is gone is not looked for any more.
call app.retain('credential_fingerprints', 'made_at', '1 day',
    '(tenant_id, credential_id, version) not in (select tenant_id, credential_id, version from credential_versions)');

-- One row: the key by which all of them are made.
create table credential_fingerprint_keys (
    id uuid primary key default gen_random_uuid(),
    only_one boolean not null default true unique check (only_one),
    sealed jsonb not null check (jsonb_typeof(sealed) = 'object'),
    created_at timestamptz not null default current_timestamp
);
call app.system_table('credential_fingerprint_keys');

-- Texts that were written since and are to be looked through, by where they stand.
create table credential_texts (
    id bigint generated always as identity primary key,
    tenant_id uuid references tenants (id) on delete cascade,
    source varchar(20) not null,
    row_id uuid not null,
    noted_at timestamptz not null default current_timestamp
);
create index credential_texts_tenant on credential_texts (tenant_id);
call app.drop_box('credential_texts');
call app.retain('credential_texts', 'noted_at', '7 days');

create function app.note_text() returns trigger language plpgsql as $$
begin
    -- Without a tenant it is the platform's, in which anybody's may stand.
    if (case when new.tenant_id is null then exists (select from credential_fingerprints)
        else exists (select from credential_fingerprints f where f.tenant_id = new.tenant_id) end) then
        insert into credential_texts (tenant_id, source, row_id) values (new.tenant_id, tg_table_name, new.id);
    end if;
    return null;
end $$;
create trigger note_text after insert on error_logs for each row execute function app.note_text();
create trigger note_text after insert on request_logs for each row execute function app.note_text();

-- A stored value that was found where it should not be.
create table credential_leaks (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    credential_id uuid not null,
    version integer not null,
    source varchar(20) not null,
    row_id uuid not null,
    form varchar(20) not null,
    found_at timestamptz not null default current_timestamp,
    acknowledged_at timestamptz,
    acknowledged_by uuid,
    unique (tenant_id, credential_id, version, source, row_id),
    foreign key (tenant_id, credential_id) references stored_credentials (tenant_id, id) on delete cascade,
    foreign key (tenant_id, acknowledged_by) references users (tenant_id, id) on delete set null (acknowledged_by)
);
create index credential_leaks_acknowledger on credential_leaks (tenant_id, acknowledged_by);
create index credential_leaks_list on credential_leaks (tenant_id, credential_id, found_at desc, id desc);
call app.tenant_table('credential_leaks', 'select, update');
call app.retain('credential_leaks', 'found_at', '400 days');
