-- Runs (anything that streams or lasts), chats and their messages, files.

create table runs (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    kind varchar(30) not null,
    state varchar(20) not null default 'queued'
        check (state in ('queued', 'running', 'done', 'failed', 'cancelled')),
    input jsonb not null default '{}',
    error jsonb,
    decision_id uuid,
    -- The process that runs it renews the lease; a run whose lease ran out is ended or resumed.
    lease_owner varchar(100),
    lease_until timestamptz,
    cancel_requested_at timestamptz,
    created_at timestamptz not null default current_timestamp,
    started_at timestamptz,
    finished_at timestamptz,
    unique (tenant_id, id),
    unique (tenant_id, user_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    check ((state in ('done', 'failed', 'cancelled')) = (finished_at is not null))
);
create index runs_person on runs (tenant_id, user_id, created_at desc);
create index runs_lease on runs (lease_until) where state in ('queued', 'running');
call app.person_table('runs');

create table run_events (
    tenant_id uuid not null,
    user_id uuid not null,
    run_id uuid not null,
    seq integer not null check (seq > 0),
    kind varchar(30) not null,
    data jsonb not null default '{}',
    at timestamptz not null default current_timestamp,
    primary key (run_id, seq),
    foreign key (tenant_id, user_id, run_id) references runs (tenant_id, user_id, id) on delete cascade
);
create index run_events_at on run_events (at);
call app.person_table('run_events', 'select, insert, delete');

create table chats (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    title varchar(200) not null default '',
    model varchar(200) not null default 'auto',
    system_prompt text not null default '' check (length(system_prompt) <= 100000),
    settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
    pinned boolean not null default false,
    -- The last message of the branch that is shown; edits and retries make siblings, nothing is lost.
    leaf_message_id uuid,
    -- Deleted by its owner; can be restored for 30 days, then retention removes it.
    deleted_at timestamptz,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    unique (tenant_id, id),
    unique (tenant_id, user_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index chats_person on chats (tenant_id, user_id, updated_at desc, id desc);
call app.person_table('chats');

create table messages (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    chat_id uuid not null,
    parent_id uuid,
    role varchar(20) not null check (role in ('system', 'user', 'assistant', 'tool')),
    -- [{type: text, text}, {type: image, asset_id | url}, {type: tool_call, …}, {type: tool_result, …}]
    content jsonb not null default '[]' check (jsonb_typeof(content) = 'array'),
    reasoning text not null default '',
    status varchar(20) not null default 'complete'
        check (status in ('streaming', 'complete', 'stopped', 'failed')),
    stop_reason varchar(30),
    model varchar(200),
    run_id uuid,
    decision_id uuid,
    input_tokens integer check (input_tokens >= 0),
    output_tokens integer check (output_tokens >= 0),
    cost numeric(20, 9) check (cost >= 0),
    first_token_ms integer check (first_token_ms >= 0),
    duration_ms integer check (duration_ms >= 0),
    error jsonb,
    search tsvector generated always as (to_tsvector('simple',
        left(jsonb_path_query_array(content, '$[*] ? (@.type == "text").text')::text, 200000))) stored,
    created_at timestamptz not null default current_timestamp,
    unique (tenant_id, id),
    unique (tenant_id, user_id, id),
    unique (tenant_id, chat_id, id),
    foreign key (tenant_id, user_id, chat_id) references chats (tenant_id, user_id, id) on delete cascade,
    foreign key (tenant_id, chat_id, parent_id) references messages (tenant_id, chat_id, id) on delete cascade,
    foreign key (tenant_id, user_id, run_id) references runs (tenant_id, user_id, id) on delete set null (run_id)
);
create index messages_chat on messages (tenant_id, user_id, chat_id, created_at);
create index messages_parent on messages (tenant_id, chat_id, parent_id);
create index messages_run on messages (run_id);
create index messages_search on messages using gin (search);
call app.person_table('messages');
alter table chats add foreign key (tenant_id, id, leaf_message_id) references messages (tenant_id, chat_id, id)
    on delete set null (leaf_message_id);
create index chats_leaf on chats (leaf_message_id);
create index chats_deleted on chats (deleted_at) where deleted_at is not null;

-- A file is its owner's alone until it is shared. Deleting the owner deletes the files that were not the tenant's
-- (user_id null and shared).
create table assets (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid,
    shared boolean not null default false,
    key varchar(500) not null,
    name varchar(255) not null default '',
    media_type varchar(100) not null,
    bytes bigint not null check (bytes >= 0),
    sha256 bytea not null check (length(sha256) = 32),
    purpose varchar(30) not null default 'upload',
    -- False while its bytes are on their way; an upload that never ends expires.
    complete boolean not null default true,
    created_at timestamptz not null default current_timestamp,
    expires_at timestamptz,
    unique (tenant_id, id),
    unique (tenant_id, key),
    -- Keys live under their tenant, so a key of another tenant cannot be stored here.
    check (key like tenant_id::text || '/%'),
    check (user_id is not null or shared),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index assets_tenant on assets (tenant_id, created_at desc);
create index assets_user on assets (tenant_id, user_id, created_at desc);
create index assets_expiry on assets (expires_at) where expires_at is not null;
call app.shareable_table('assets');
-- Made in one's own name alone (or, by the tenant itself, in nobody's).
create policy own_name on assets as restrictive for insert to radiant_app
    with check (user_id is not distinct from (select app.person()));

-- The bytes outlive the row by a moment: whatever deletes an asset (its owner, a cascade, retention) leaves the key
-- here, and a job removes the object. No foreign key: the tenant may be gone already.
create table object_deletions (
    id bigint generated always as identity primary key,
    tenant_id uuid not null,
    key varchar(500) not null,
    requested_at timestamptz not null default current_timestamp
);
call app.drop_box('object_deletions');
create function app.object_deletion() returns trigger language plpgsql as $$
begin
    insert into object_deletions (tenant_id, key) values (old.tenant_id, old.key);
    return old;
end $$;
create trigger object_deletion before delete on assets for each row execute function app.object_deletion();

-- Answers of writes that spend or start work, so that a retry with the same Idempotency-Key repeats the answer.
create table idempotency_keys (
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    key varchar(200) not null,
    request_hash bytea not null check (length(request_hash) = 32),
    status integer,
    response jsonb,
    created_at timestamptz not null default current_timestamp,
    primary key (tenant_id, user_id, key),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index idempotency_keys_at on idempotency_keys (created_at);
call app.person_table('idempotency_keys');
