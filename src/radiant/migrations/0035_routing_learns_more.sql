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

-- Corrections of the catalogue's figures of quality, fitted on the judged decisions of all tenants (`routing.refits`).
-- They name nobody and hold no text.
create table brain_refits (
    version integer generated always as identity primary key,
    created_at timestamptz not null default current_timestamp,
    -- By model, in logits: {"": of all tasks, "<task type>": besides}.
    shifts jsonb not null check (jsonb_typeof(shifts) = 'object'),
    -- Decisions that it was fitted on, and that it was tried on, which are newer.
    judged integer not null check (judged >= 0),
    held_out integer not null check (held_out >= 0),
    -- Surprise a decision (log loss, nats) on those: as it was before, and with the shifts; the least that they gain,
    -- with 99 %.
    loss_before double precision not null check (loss_before >= 0),
    loss_after double precision not null check (loss_after >= 0),
    gain_low double precision not null check (gain_low between -1e6 and 1e6),
    is_active boolean not null default false
);
create unique index brain_refits_active on brain_refits (is_active) where is_active;
call app.global_table('brain_refits');
call app.notifies('brain_refits');
call app.retain('brain_refits', 'created_at', '400 days', 'not is_active');

create index brain_routing_history_rated on brain_routing_history (created_at desc) where rating is not null;
