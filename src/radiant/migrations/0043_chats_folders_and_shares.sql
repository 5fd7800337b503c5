-- Chats in folders, and chats that whoever has a link may read.

alter table chats add column folder varchar(100) check (length(btrim(folder)) > 0);
create index chats_folder on chats (tenant_id, user_id, folder) where folder is not null and deleted_at is null;

-- The branch that was shown and the title, as they were when the link was made: what is said later is not shared. The
-- token is kept as a hash alone, which the application never reads back.
create table chat_shares (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    chat_id uuid not null,
    token_hash bytea not null unique check (length(token_hash) = 32),
    title varchar(200) not null,
    leaf_message_id uuid not null,
    created_at timestamptz not null default current_timestamp,
    expires_at timestamptz,
    unique (tenant_id, user_id, chat_id),
    foreign key (tenant_id, user_id, chat_id) references chats (tenant_id, user_id, id) on delete cascade,
    foreign key (tenant_id, user_id, leaf_message_id) references messages (tenant_id, user_id, id) on delete cascade
);
create index chat_shares_leaf on chat_shares (leaf_message_id);
call app.person_table('chat_shares', 'select (id, tenant_id, user_id, chat_id, title, leaf_message_id, created_at,
    expires_at), insert, delete');
call app.retain('chat_shares', 'expires_at', '1 day');
