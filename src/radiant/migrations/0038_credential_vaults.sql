-- The vault in use: roles of people and keys, stages of versions, a recovery window, second persons, a keyed trail.

alter table credential_vaults
    -- Who of the vault's roles is shown a value at all, and whether a second person must agree to each time.
    add column reveal_roles text[] not null default '{owner}'
        check (reveal_roles <@ array['owner', 'manager', 'user', 'auditor']),
    add column second_person boolean not null default false,
    -- How long an approval may be used, and how long a deleted credential can be had back.
    add column reveal_window_seconds integer not null default 900 check (reveal_window_seconds between 60 and 86400),
    add column recovery_days integer not null default 30 check (recovery_days between 0 and 365),
    add column updated_at timestamptz not null default current_timestamp;

-- A person or an API key. Nothing used the former table, whose members were people alone.
drop table credential_vault_members;
create table credential_vault_members (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    vault_id uuid not null,
    user_id uuid,
    api_key_id uuid,
    role varchar(20) not null check (role in ('owner', 'manager', 'user', 'auditor')),
    added_by uuid,
    added_at timestamptz not null default current_timestamp,
    unique nulls not distinct (tenant_id, vault_id, user_id, api_key_id),
    check (num_nonnulls(user_id, api_key_id) = 1),
    foreign key (tenant_id, vault_id) references credential_vaults (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, api_key_id) references api_keys (tenant_id, id) on delete cascade,
    foreign key (tenant_id, added_by) references users (tenant_id, id) on delete set null (added_by)
);
create index credential_vault_members_user on credential_vault_members (tenant_id, user_id);
create index credential_vault_members_key on credential_vault_members (tenant_id, api_key_id);
create index credential_vault_members_adder on credential_vault_members (tenant_id, added_by);
call app.tenant_table('credential_vault_members');

-- encrypted_value: nonce and ciphertext of the current version, written with it. Its data key is the version's.
alter table stored_credentials
    drop constraint stored_credentials_tenant_id_vault_id_credential_name_key,
    -- Numbers are never given twice, though versions go: a ciphertext is bound to its number.
    add column last_version integer not null default 1 check (last_version >= current_version),
    add column grace_seconds integer not null default 86400 check (grace_seconds between 0 and 31536000),
    add column deleted_at timestamptz,
    add column purge_after timestamptz,
    add check ((deleted_at is null) = (purge_after is null));
-- A deleted one leaves its name to the next.
create unique index stored_credentials_name on stored_credentials (tenant_id, vault_id, credential_name)
    where deleted_at is null;
create index stored_credentials_list on stored_credentials (tenant_id, vault_id, lower(credential_name), id);
create index stored_credentials_purge on stored_credentials (purge_after) where purge_after is not null;
call app.notifies('stored_credentials', 'is_active, current_version, expires_at, deleted_at');

-- Nothing was kept here before.
drop index credential_versions_current;
alter table credential_versions
    drop constraint credential_versions_state_check,
    drop constraint credential_versions_check,
    drop column nonce;
alter table credential_versions rename column ciphertext to sealed;
alter table credential_versions rename column state to stage;
alter table credential_versions rename column grace_until to valid_until;
alter table credential_versions
    -- The key that the payload is bound to. kek_id, which wraps its data key, may change; this does not.
    add column sealed_under varchar(500) not null default '',
    add check (stage in ('pending', 'current', 'previous', 'retired')),
    add check ((stage = 'retired') = (retired_at is not null)),
    add check ((stage = 'previous') = (valid_until is not null));
create unique index credential_versions_one on credential_versions (tenant_id, credential_id, stage)
    where stage <> 'retired';

-- Asking to be shown a value where that takes two. One showing an approval.
create table credential_reveal_requests (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    credential_id uuid not null,
    user_id uuid not null,
    api_key_id uuid,
    reason text not null check (length(btrim(reason)) > 0),
    state varchar(20) not null default 'pending' check (state in ('pending', 'approved', 'refused', 'used')),
    decided_by uuid,
    decided_at timestamptz,
    expires_at timestamptz not null,
    created_at timestamptz not null default current_timestamp,
    check (decided_by is null or decided_by <> user_id),
    foreign key (tenant_id, credential_id) references stored_credentials (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, api_key_id) references api_keys (tenant_id, id) on delete cascade,
    foreign key (tenant_id, decided_by) references users (tenant_id, id) on delete set null (decided_by)
);
create index credential_reveal_requests_credential on credential_reveal_requests (tenant_id, credential_id, created_at desc);
create index credential_reveal_requests_asker on credential_reveal_requests (tenant_id, user_id);
create index credential_reveal_requests_key on credential_reveal_requests (tenant_id, api_key_id);
create index credential_reveal_requests_decider on credential_reveal_requests (tenant_id, decided_by);
call app.tenant_table('credential_reveal_requests');
call app.retain('credential_reveal_requests', 'expires_at', '90 days');

-- The log speaks of vaults too, and of who else than a person acted.
alter table credential_access_log
    alter column credential_id drop not null,
    add column actor_kind varchar(20) not null default 'user' check (actor_kind in ('user', 'api_key', 'system')),
    add column api_key_id uuid,
    add column request_id varchar(64) not null default '',
    add column detail jsonb not null default '{}';
create index credential_access_log_vault on credential_access_log (tenant_id, vault_id, seq desc);
create index credential_access_log_used on credential_access_log (tenant_id, credential_id, seq desc)
    where success and access_type in ('use', 'read');

-- The key of a tenant's chain, itself sealed: whoever can write the table cannot make a chain that verifies. It lasts
-- as long as the log does.
create table credential_trail_keys (
    tenant_id uuid primary key,
    sealed jsonb not null,
    created_at timestamptz not null default current_timestamp
);
call app.tenant_table('credential_trail_keys', 'select, insert');

-- Grants say that trails are added to alone; this says it again, should a grant be given by mistake. The owner of the
-- database, who may be asked by law, still can.
create function app.append_only() returns trigger language plpgsql as $$
begin
    if current_user in ('radiant_app', 'radiant_system') then
        raise insufficient_privilege using message = format('%s is added to, and never changed', tg_table_name);
    end if;
    return case when tg_op = 'DELETE' then old else new end;
end $$;
create trigger append_only before update or delete on credential_access_log
    for each row execute function app.append_only();
create trigger append_only_truncate before truncate on credential_access_log
    for each statement execute function app.append_only();
create trigger append_only before update or delete on audit_log for each row execute function app.append_only();
create trigger append_only_truncate before truncate on audit_log for each statement execute function app.append_only();
