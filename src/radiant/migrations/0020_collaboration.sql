-- Section 20. A room belongs to the tenant; who may enter and write is told by its participants and checked by the
-- room server on each message.

-- Rooms outlive their makers: created_by becomes null with the person, the room stays with its participants.
create table collaboration_rooms (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    room_name varchar(100) not null check (length(btrim(room_name)) > 0),
    room_type varchar(50) not null default 'document' check (room_type ~ '^[a-z][a-z0-9_]*$'),
    created_by uuid,
    -- The last snapshot: every update with seq <= snapshot_seq is in it.
    yjs_document bytea,
    is_active boolean default true,
    max_participants integer default 10 check (max_participants between 1 and 10000),
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    access varchar(20) not null default 'invited' check (access in ('invited', 'tenant')),
    snapshot_seq bigint not null default 0 check (snapshot_seq >= 0),
    last_seq bigint not null default 0,
    unique (tenant_id, id),
    foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by),
    check (last_seq >= snapshot_seq)
);
create index collaboration_rooms_tenant on collaboration_rooms (tenant_id, updated_at desc);
create index collaboration_rooms_creator on collaboration_rooms (tenant_id, created_by);
call app.tenant_table('collaboration_rooms');

create table room_participants (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    room_id uuid not null,
    user_id uuid not null,
    role varchar(20) not null default 'editor' check (role in ('owner', 'editor', 'commenter', 'viewer')),
    cursor_position jsonb,
    -- Only as true as last_seen is fresh: a crash leaves it set.
    is_online boolean default false,
    joined_at timestamptz not null default current_timestamp,
    last_seen timestamptz default current_timestamp,
    unique (room_id, user_id),
    foreign key (tenant_id, room_id) references collaboration_rooms (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index room_participants_user on room_participants (tenant_id, user_id);
call app.tenant_table('room_participants');

-- What was done; the person's name goes with the person, what was done to the shared document stays.
create table collaboration_history (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    room_id uuid not null,
    user_id uuid,
    action_type varchar(50) not null check (action_type ~ '^[a-z][a-z0-9_]*$'),
    action_data jsonb,
    created_at timestamptz not null default current_timestamp,
    foreign key (tenant_id, room_id) references collaboration_rooms (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete set null (user_id)
);
create index collaboration_history_room on collaboration_history (room_id, created_at desc);
create index collaboration_history_user on collaboration_history (tenant_id, user_id);
create index collaboration_history_at on collaboration_history (created_at);
call app.tenant_table('collaboration_history', 'select, insert');
call app.retain('collaboration_history', 'created_at', '400 days');

-- The log: an update is acknowledged when it is here. seq is handed out under the room's row lock.
create table collaboration_updates (
    tenant_id uuid not null,
    room_id uuid not null,
    seq bigint not null check (seq > 0),
    user_id uuid,
    update_data bytea not null,
    created_at timestamptz not null default current_timestamp,
    primary key (room_id, seq),
    foreign key (tenant_id, room_id) references collaboration_rooms (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete set null (user_id)
);
create index collaboration_updates_user on collaboration_updates (tenant_id, user_id);
create index collaboration_updates_at on collaboration_updates (created_at);
alter table collaboration_updates alter column update_data set storage external;
call app.tenant_table('collaboration_updates', 'select, insert, delete');

-- Points that can be looked at, compared and gone back to.
create table collaboration_versions (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    room_id uuid not null,
    seq bigint not null check (seq >= 0),
    name varchar(200) not null default '',
    state bytea not null,
    created_by uuid,
    created_at timestamptz not null default current_timestamp,
    unique (tenant_id, room_id, id),
    foreign key (tenant_id, room_id) references collaboration_rooms (tenant_id, id) on delete cascade,
    foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by)
);
create index collaboration_versions_room on collaboration_versions (room_id, seq desc);
create index collaboration_versions_creator on collaboration_versions (tenant_id, created_by);
call app.tenant_table('collaboration_versions');
call app.retain('collaboration_versions', 'created_at', '400 days', 'name = ''''');
