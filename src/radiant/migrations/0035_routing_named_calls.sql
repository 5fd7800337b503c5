-- Calls that name their model teach routing too: latency, reliability and tokens, of no task, since nobody read them.

-- Calls that ended and are in no statistics yet, a row for each tenant of a batch of the ledger: written in its
-- transaction, and taken out by who counts, in the transaction that counts, so that each call is counted once, whatever
-- dies when. Answers that were kept, which say nothing of a model, are left out, and so are calls of routing's own, which
-- the history has.
create table brain_uncounted_calls (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    calls uuid[] not null
);
create index brain_uncounted_calls_tenant on brain_uncounted_calls (tenant_id);
call app.drop_box('brain_uncounted_calls');

create function app.note_named_inserted() returns trigger language plpgsql as $$
begin
    insert into brain_uncounted_calls (tenant_id, calls)
        select tenant_id, array_agg(id) from calls
        where decision is null and kind = 'chat' and ended is not null and not cached group by tenant_id;
    return null;
end $$;
-- A call that was given up and did end after all is not counted again.
create function app.note_named_updated() returns trigger language plpgsql as $$
begin
    insert into brain_uncounted_calls (tenant_id, calls)
        select n.tenant_id, array_agg(n.id) from calls n join before b on b.id = n.id
        where n.decision is null and n.kind = 'chat' and n.ended is not null and b.ended is null and not n.cached
        group by n.tenant_id;
    return null;
end $$;
create trigger note_named_inserted after insert on usage_ledger
    referencing new table as calls for each statement execute function app.note_named_inserted();
create trigger note_named_updated after update on usage_ledger
    referencing old table as before new table as calls for each statement execute function app.note_named_updated();

-- 'any': calls whose task nobody knows.
alter table brain_model_statistics
    drop constraint brain_model_statistics_task_type_check,
    add constraint brain_model_statistics_task_type_check
        check (task_type in ('chat', 'code', 'analysis', 'creative', 'vision', 'audio', 'any'));
alter table brain_tenant_statistics
    drop constraint brain_tenant_statistics_task_type_check,
    add constraint brain_tenant_statistics_task_type_check
        check (task_type in ('chat', 'code', 'analysis', 'creative', 'vision', 'audio', 'any'));

-- Evidence of quality is kept as it was when it was last added to, and fades from then on (`routing.evidence`).
comment on column brain_model_evidence.updated_at is 'The moment of the newest opinion in the sums, as of which they are';
comment on column brain_tenant_evidence.updated_at is 'The moment of the newest opinion in the sums, as of which they are';
