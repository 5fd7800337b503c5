-- Section 19, chats side by side.

create table concurrent_sessions (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    session_name varchar(100),
    -- How panes lie ({type, sizes by pane id}); which panes there are is told by concurrent_panes alone.
    layout_config jsonb not null default '{"type": "horizontal", "panes": []}' check
        (jsonb_typeof(layout_config) = 'object' and layout_config ->> 'type' in ('horizontal', 'vertical', 'grid')),
    max_panes integer default 4 check (max_panes between 1 and 16),
    is_active boolean default true,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    unique (tenant_id, user_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index concurrent_sessions_person on concurrent_sessions (tenant_id, user_id, updated_at desc);
call app.person_table('concurrent_sessions');

-- `id` names a pane for good; pane_index is its place and moves. The key is checked at the end of a statement, so
-- that one UPDATE can close a gap. Deleting a chat empties its pane.
create table concurrent_panes (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    session_id uuid not null,
    pane_index integer not null check (pane_index >= 0),
    chat_id uuid,
    model varchar(200),
    status varchar(20) default 'idle' check (status in ('idle', 'queued', 'streaming', 'failed')),
    last_activity timestamptz default current_timestamp,
    unique (tenant_id, user_id, session_id, pane_index) deferrable initially immediate,
    foreign key (tenant_id, user_id, session_id) references concurrent_sessions (tenant_id, user_id, id)
        on delete cascade,
    foreign key (tenant_id, user_id, chat_id) references chats (tenant_id, user_id, id) on delete set null (chat_id)
);
create index concurrent_panes_chat on concurrent_panes (chat_id);
call app.person_table('concurrent_panes');

create table concurrent_sync_state (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    session_id uuid not null,
    sync_mode varchar(20) not null default 'independent'
        check (sync_mode in ('independent', 'synchronized', 'broadcast')),
    shared_context text check (length(shared_context) <= 1000000),
    sync_cursor integer default 0 check (sync_cursor >= 0),
    updated_at timestamptz not null default current_timestamp,
    unique (tenant_id, user_id, session_id),
    foreign key (tenant_id, user_id, session_id) references concurrent_sessions (tenant_id, user_id, id)
        on delete cascade
);
call app.person_table('concurrent_sync_state');
