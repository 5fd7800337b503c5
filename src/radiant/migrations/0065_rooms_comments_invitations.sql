-- Section 20: links into a room, what is said about its document, and which model wrote an update for a person.

-- Beside the person who asked for it.
alter table collaboration_updates add column model varchar(200);

create table collaboration_invitations (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    room_id uuid not null,
    role varchar(20) not null check (role in ('editor', 'commenter', 'viewer')),
    token_hash bytea not null unique check (length(token_hash) = 32),
    created_by uuid,
    uses integer not null default 0 check (uses >= 0),
    created_at timestamptz not null default current_timestamp,
    expires_at timestamptz not null,
    foreign key (tenant_id, room_id) references collaboration_rooms (tenant_id, id) on delete cascade,
    foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by)
);
create index collaboration_invitations_room on collaboration_invitations (room_id, created_at desc);
create index collaboration_invitations_creator on collaboration_invitations (tenant_id, created_by);
create index collaboration_invitations_end on collaboration_invitations (expires_at);
call app.tenant_table('collaboration_invitations');
call app.retain('collaboration_invitations', 'expires_at', '30 days');

-- A comment without a parent begins a thread; answers hold no anchor, and only a thread is resolved.
create table collaboration_comments (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    room_id uuid not null,
    parent_id uuid,
    user_id uuid,
    body text not null check (length(btrim(body)) > 0 and length(body) <= 10000),
    -- {artifact, from, to, quote}: what in the document it is about; relative positions, so that they move with the text.
    anchor jsonb check (jsonb_typeof(anchor) = 'object'),
    mentions uuid[] not null default '{}',
    resolved_at timestamptz,
    resolved_by uuid,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    unique (tenant_id, room_id, id),
    foreign key (tenant_id, room_id) references collaboration_rooms (tenant_id, id) on delete cascade,
    foreign key (tenant_id, room_id, parent_id) references collaboration_comments (tenant_id, room_id, id)
        on delete cascade,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete set null (user_id),
    foreign key (tenant_id, resolved_by) references users (tenant_id, id) on delete set null (resolved_by),
    check (parent_id is null or (anchor is null and resolved_at is null))
);
create index collaboration_comments_room on collaboration_comments (room_id, created_at desc);
create index collaboration_comments_thread on collaboration_comments (parent_id);
create index collaboration_comments_user on collaboration_comments (tenant_id, user_id);
create index collaboration_comments_resolver on collaboration_comments (tenant_id, resolved_by);
create index collaboration_comments_mentions on collaboration_comments using gin (mentions);
call app.tenant_table('collaboration_comments');
