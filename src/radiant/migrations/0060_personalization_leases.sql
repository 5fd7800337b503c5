-- Whoever learns from a chat has it to itself, so that no two processes ask a model the same. One that dies leaves it to
-- others when its time is over.
create table learning_leases (
    chat_id uuid primary key,
    tenant_id uuid not null,
    until timestamptz not null,
    foreign key (tenant_id, chat_id) references chats (tenant_id, id) on delete cascade
);
call app.system_table('learning_leases');
