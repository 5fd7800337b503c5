-- Panes that are asked: how each is asked, the turns that several take together, and a status that is always true.

alter table concurrent_panes
    add column system_prompt text not null default '' check (length(system_prompt) <= 100000),
    -- Temperature and its kin, as far as they are given: see workspace/chats/schemas.ChatParameters.
    add column parameters jsonb not null default '{}' check (jsonb_typeof(parameters) = 'object'),
    add unique (tenant_id, user_id, id);

-- One question to one or several panes. `common_message_id`: in mode synchronized, the answer that became everybody's.
create table concurrent_turns (
    tenant_id uuid not null,
    user_id uuid not null,
    session_id uuid not null,
    turn integer not null check (turn > 0),
    sync_mode varchar(20) not null check (sync_mode in ('independent', 'synchronized', 'broadcast')),
    common_message_id uuid,
    merge_id uuid,
    created_at timestamptz not null default current_timestamp,
    primary key (tenant_id, user_id, session_id, turn),
    foreign key (tenant_id, user_id, session_id) references concurrent_sessions (tenant_id, user_id, id)
        on delete cascade,
    foreign key (tenant_id, user_id, common_message_id) references messages (tenant_id, user_id, id)
        on delete set null (common_message_id),
    foreign key (tenant_id, user_id, merge_id) references merge_sessions (tenant_id, user_id, id)
        on delete set null (merge_id)
);
create index concurrent_turns_common on concurrent_turns (common_message_id);
create index concurrent_turns_merge on concurrent_turns (merge_id);
call app.person_table('concurrent_turns');

-- The turn's question as it stands in the chat of each pane that was asked.
create table concurrent_turn_questions (
    tenant_id uuid not null,
    user_id uuid not null,
    session_id uuid not null,
    turn integer not null,
    pane_id uuid not null,
    message_id uuid not null,
    primary key (tenant_id, user_id, message_id),
    foreign key (tenant_id, user_id, session_id, turn)
        references concurrent_turns (tenant_id, user_id, session_id, turn) on delete cascade,
    foreign key (tenant_id, user_id, pane_id) references concurrent_panes (tenant_id, user_id, id) on delete cascade,
    foreign key (tenant_id, user_id, message_id) references messages (tenant_id, user_id, id) on delete cascade
);
create index concurrent_turn_questions_turn on concurrent_turn_questions (tenant_id, user_id, session_id, turn);
create index concurrent_turn_questions_pane on concurrent_turn_questions (pane_id);
call app.person_table('concurrent_turn_questions');

-- A pane's status and last activity follow its chat, whoever asks there and whatever ends the answer, a dead process
-- too: queued while an answer was asked for and no model has begun, then streaming, then idle or failed.
create index messages_streaming on messages (chat_id) where status = 'streaming';
create function app.set_pane_status(of_chat uuid, to_status text, only_from text default null) returns void
language sql as $$
    update concurrent_panes set status = to_status, last_activity = clock_timestamp() where id in (
        select id from concurrent_panes where chat_id = of_chat and (only_from is null or status = only_from)
        order by id for update)
$$;
create function app.pane_status_of(chat uuid, ended_with text) returns text language sql stable as $$
    select coalesce(
        (select case when exists (select from run_events e where e.run_id = m.run_id) then 'streaming' else 'queued' end
            from messages m where m.chat_id = chat and m.status = 'streaming' order by m.created_at desc limit 1),
        case when ended_with = 'failed' then 'failed' else 'idle' end)
$$;
create function app.pane_follows_message() returns trigger language plpgsql as $$
begin
    perform app.set_pane_status(new.chat_id, app.pane_status_of(new.chat_id, new.status));
    return null;
end $$;
create trigger pane_follows_asked after insert on messages
    for each row when (new.status = 'streaming') execute function app.pane_follows_message();
create trigger pane_follows_ended after update of status on messages
    for each row when (old.status = 'streaming' and new.status <> 'streaming') execute function app.pane_follows_message();
create function app.pane_follows_run() returns trigger language plpgsql as $$
begin
    perform app.set_pane_status(m.chat_id, 'streaming', 'queued') from messages m where m.run_id = new.run_id;
    return null;
end $$;
create trigger pane_follows_started after insert on run_events
    for each row when (new.kind = 'started') execute function app.pane_follows_run();

-- Whoever looks at a session is told of each change, once a transaction: "concurrent_sessions tenant session".
create function app.notify_concurrent_session() returns trigger language plpgsql as $$
declare
    of_row jsonb := to_jsonb(coalesce(new, old));
begin
    perform pg_notify('radiant_changes', format('concurrent_sessions %s %s', of_row ->> 'tenant_id',
        coalesce(of_row ->> 'session_id', of_row ->> 'id')));
    return null;
end $$;
create trigger notify_changed after insert or update or delete on concurrent_sessions
    for each row execute function app.notify_concurrent_session();
create trigger notify_changed after insert or update or delete on concurrent_panes
    for each row execute function app.notify_concurrent_session();
create trigger notify_changed after insert or update or delete on concurrent_sync_state
    for each row execute function app.notify_concurrent_session();
create trigger notify_changed after insert or update or delete on concurrent_turns
    for each row execute function app.notify_concurrent_session();

-- An answer of a model that was named is a decision too where people may say how good it was: a chat's, a pane's.
alter table brain_routing_history
    drop constraint brain_routing_history_chosen_by_check,
    add constraint brain_routing_history_chosen_by_check
        check (chosen_by in ('rule', 'score', 'conversation', 'exploration', 'fallback', 'named'));
