-- Section 23. A canvas is its owner's until it is opened to a room; `shared` follows the canvas into every row below
-- it through the key, so the policy of each table needs no look-up.

create table canvases (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    shared boolean not null default false,
    chat_id uuid,
    canvas_name varchar(200),
    canvas_type varchar(50) not null default 'general' check (canvas_type ~ '^[a-z][a-z0-9_]*$'),
    content jsonb not null default '{}',
    version integer default 1 check (version > 0),
    is_published boolean default false,
    published_url varchar(500),
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    -- Where people work on it together; the room's roles say who may write.
    room_id uuid,
    unique (tenant_id, id),
    unique (tenant_id, user_id, shared, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id, chat_id) references chats (tenant_id, user_id, id) on delete set null (chat_id),
    foreign key (tenant_id, room_id) references collaboration_rooms (tenant_id, id) on delete set null (room_id),
    check (is_published = (published_url is not null))
);
create index canvases_person on canvases (tenant_id, user_id, updated_at desc);
create index canvases_chat on canvases (chat_id);
create index canvases_room on canvases (room_id);
call app.shareable_table('canvases');
-- Made in one's own name alone.
create policy own_name on canvases as restrictive for insert to radiant_app
    with check (user_id is not distinct from (select app.person()));

create table artifacts (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    shared boolean not null default false,
    canvas_id uuid not null,
    artifact_type varchar(50) not null
        check (artifact_type in ('code', 'markdown', 'mermaid', 'html', 'svg', 'json', 'table')),
    title varchar(200),
    content text not null check (length(content) <= 5000000),
    language varchar(50),
    position_x integer default 0 check (position_x between -1000000 and 1000000),
    position_y integer default 0 check (position_y between -1000000 and 1000000),
    width integer default 400 check (width between 1 and 100000),
    height integer default 300 check (height between 1 and 100000),
    z_index integer default 0,
    is_collapsed boolean default false,
    metadata jsonb default '{}' check (jsonb_typeof(metadata) = 'object'),
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    -- The version that `content` is; an update names the one it read, and loses to a newer one.
    version integer not null default 1 check (version > 0),
    unique (tenant_id, user_id, shared, id),
    foreign key (tenant_id, user_id, shared, canvas_id) references canvases (tenant_id, user_id, shared, id)
        on update cascade on delete cascade
);
create index artifacts_canvas on artifacts (canvas_id, z_index);
call app.shareable_table('artifacts');

create table artifact_versions (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    shared boolean not null default false,
    artifact_id uuid not null,
    version integer not null check (version > 0),
    content text not null check (length(content) <= 5000000),
    created_by uuid,
    created_at timestamptz not null default current_timestamp,
    name varchar(200) not null default '',
    unique (artifact_id, version),
    foreign key (tenant_id, user_id, shared, artifact_id) references artifacts (tenant_id, user_id, shared, id)
        on update cascade on delete cascade,
    foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by)
);
create index artifact_versions_creator on artifact_versions (tenant_id, created_by);
create index artifact_versions_at on artifact_versions (created_at);
call app.shareable_table('artifact_versions');
call app.retain('artifact_versions', 'created_at', '400 days', 'name = '''' and version < (select max(v.version)
    from artifact_versions v where v.artifact_id = artifact_versions.artifact_id)');

-- A published canvas is a fixed copy behind an unguessable token; revoking keeps the row and serves nothing.
create table canvas_publications (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    shared boolean not null default false,
    canvas_id uuid not null,
    token_hash bytea not null unique check (length(token_hash) = 32),
    canvas_version integer not null check (canvas_version > 0),
    snapshot jsonb not null,
    published_by uuid,
    published_at timestamptz not null default current_timestamp,
    revoked_at timestamptz,
    foreign key (tenant_id, user_id, shared, canvas_id) references canvases (tenant_id, user_id, shared, id)
        on update cascade on delete cascade,
    foreign key (tenant_id, published_by) references users (tenant_id, id) on delete set null (published_by)
);
create index canvas_publications_canvas on canvas_publications (canvas_id, published_at desc);
create index canvas_publications_publisher on canvas_publications (tenant_id, published_by);
call app.shareable_table('canvas_publications');
call app.retain('canvas_publications', 'revoked_at', '90 days');
