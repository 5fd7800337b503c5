-- What a process holds of a person's memories is brought up to date by reading what changed since. `changed` is the
-- transaction that changed what a search looks at: whoever keeps the snapshot that it read by finds exactly those rows
-- that this did not see, whatever the order in which transactions end. `dropped`: the last that deleted some.

alter table memories add column changed bigint not null default (pg_current_xact_id()::text::bigint);
create index memories_changed on memories (tenant_id, user_id, changed);
alter table memory_stores add column dropped bigint not null default 0;

create function app.mark_changed() returns trigger language plpgsql as $$
begin
    new.changed := pg_current_xact_id()::text::bigint;
    return new;
end $$;
create trigger mark_changed before update of store_id, content, words, embedding, embedding_model, conversation, said_at,
    happened_at, created_at, speaker, importance, last_useful, memory_type, pinned, aliases, scope, status, expires_at
    on memories for each row execute function app.mark_changed();

create or replace function app.count_memories() returns trigger language plpgsql as $$
begin
    update memory_stores s set total_memories = s.total_memories + n.change,
        dropped = case when tg_op = 'DELETE' then pg_current_xact_id()::text::bigint else s.dropped end
    from (select store_id, case when tg_op = 'INSERT' then count(*) else -count(*) end as change
        from changed group by store_id) n
    where s.id = n.store_id;
    return null;
end $$;
