-- Section 22, the engine. A memory knows who said it and when, what it replaces, and what it was learnt from; its words
-- are kept as postings, so that BM25 is one statement. The vectors are made beside it: `embed_due` is the queue.

alter table memories drop column search;
alter table memories drop column content_hash;
alter table memories
    add column number bigint generated always as identity,
    add column content_hash char(32) generated always as
        (md5(lower(btrim(regexp_replace(normalize(content, nfkc), '\s+', ' ', 'g'), ' .!')))) stored,
    add column pinned boolean not null default false,
    add column scope text[] not null default '{}',
    add column aliases text[] not null default '{}',
    add column speaker varchar(200),
    add column said_at timestamptz,
    add column happened_at timestamptz,
    add column conversation varchar(200),
    add column message_id varchar(200),
    add column span_start integer check (span_start >= 0),
    add column span_end integer check (span_end >= span_start),
    add column slot_subject varchar(200),
    add column slot_attribute varchar(200),
    add column slot_qualifier varchar(200) not null default '',
    add column slot_value varchar(2000),
    add column slot_polarity smallint not null default 1 check (slot_polarity in (1, -1)),
    add column slot_single boolean not null default true,
    add column confidence numeric(9, 8) not null default 0.5 check (confidence between 0 and 1),
    add column learned boolean not null default false,
    add column learned_from text[] not null default '{}',
    add column status varchar(20) not null default 'current' check (status in ('current', 'superseded', 'needs_review')),
    -- When it holds in the world; when it was written is created_at.
    add column valid_from timestamptz not null default current_timestamp,
    add column valid_to timestamptz,
    -- The last time that it was said, so that what comes late goes in where it belongs.
    add column last_said timestamptz not null default current_timestamp,
    -- The last time that it was of use in an answer; being found is none.
    add column last_useful timestamptz,
    add column language varchar(8),
    -- How many words are indexed; null until they are.
    add column words integer,
    -- A vector is wanted from then on; moved ahead while somebody makes it.
    add column embed_due timestamptz default current_timestamp,
    add constraint memories_number unique (tenant_id, user_id, number),
    add check ((slot_subject is null) = (slot_attribute is null) and (slot_subject is null) = (slot_value is null)),
    add check (valid_to >= valid_from);
-- Vectors stay in the row, which an exact search reads whole; a memory's words are short.
alter table memories alter column memory_type set not null;
alter table memories alter column embedding set storage main;
alter table memories set (toast_tuple_target = 8160, fillfactor = 85);
drop index if exists memories_same;
create index memories_same on memories (tenant_id, user_id, store_id, content_hash);
create index memories_slot on memories (tenant_id, user_id, store_id, lower(slot_subject), lower(slot_attribute))
    where slot_subject is not null;
create index memories_talk on memories (tenant_id, user_id, conversation, said_at, number) where conversation is not null;
create index memories_due on memories (embed_due) where embed_due is not null;

alter table memory_stores
    -- What its vectors were made by, while new ones are made in the background.
    add column former_model varchar(200),
    add column languages text[] not null default '{}';

-- Who says what how often. Of a term of one person; `number` is the memory's.
create table memory_terms (
    tenant_id uuid not null,
    user_id uuid not null,
    term varchar(64) collate "C" not null,
    number bigint not null,
    tf smallint not null check (tf > 0),
    primary key (tenant_id, user_id, term, number) include (tf),
    foreign key (tenant_id, user_id, number) references memories (tenant_id, user_id, number) on delete cascade
);
create index memory_terms_of on memory_terms (tenant_id, user_id, number);
call app.person_table('memory_terms', 'select, insert, delete');

-- Each time that it was said. No words: they are the memory's.
create table memory_evidence (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    store_id uuid not null,
    memory_id uuid not null,
    at timestamptz not null,
    source varchar(100),
    message_id varchar(200),
    conversation varchar(200),
    learned_from text[] not null default '{}',
    foreign key (tenant_id, user_id, store_id, memory_id) references memories (tenant_id, user_id, store_id, id)
        on delete cascade
);
create index memory_evidence_of on memory_evidence (tenant_id, user_id, memory_id, at);
call app.person_table('memory_evidence');

-- What became of memories. A deletion leaves a line without any words.
create table memory_events (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    memory_id uuid not null,
    -- The memory that took its place.
    other_id uuid,
    at timestamptz not null default clock_timestamp(),
    what varchar(20) not null
        check (what in ('added', 'superseded', 'changed', 'merged', 'restored', 'forgotten', 'expired')),
    before text,
    after text,
    why text not null default '',
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index memory_events_person on memory_events (tenant_id, user_id, at desc, id desc);
create index memory_events_of on memory_events (tenant_id, user_id, memory_id, at desc);
create index memory_events_other on memory_events (tenant_id, user_id, other_id) where other_id is not null;
call app.person_table('memory_events', 'select, insert, update, delete');
call app.retain('memory_events', 'at', '400 days');

-- However a memory goes, its words go from the events too, and a line stays.
create function app.forget_memories() returns trigger language plpgsql as $$
begin
    delete from memory_events e using gone g
        where e.tenant_id = g.tenant_id and e.user_id = g.user_id and e.memory_id = g.id;
    update memory_events e set other_id = null from gone g
        where e.tenant_id = g.tenant_id and e.user_id = g.user_id and e.other_id = g.id;
    -- Where the person goes, nothing stays.
    insert into memory_events (tenant_id, user_id, memory_id, what, why)
        select g.tenant_id, g.user_id, g.id,
            case when g.expires_at <= current_timestamp then 'expired' else 'forgotten' end, ''
        from gone g where exists (select from users u where u.tenant_id = g.tenant_id and u.id = g.user_id);
    return null;
end $$;
create trigger forget_deleted after delete on memories referencing old table as gone
    for each statement execute function app.forget_memories();

-- One engine for section 13's table too (F13.10): what was learnt about a person is a memory.
insert into memory_stores (tenant_id, user_id) select distinct tenant_id, user_id from user_memory
    on conflict (tenant_id, user_id, store_name) do nothing;
insert into memories (id, tenant_id, user_id, store_id, memory_type, content, embedding, embedding_model,
    embedding_dimension, importance, access_count, last_accessed, expires_at, created_at, updated_at, confidence,
    learned_from, learned, status, valid_from, valid_to)
select u.id, u.tenant_id, u.user_id, s.id, u.memory_type, u.content, u.embedding, u.embedding_model,
    u.embedding_dimension, u.importance, u.access_count, u.last_accessed, u.expires_at, u.created_at, u.updated_at,
    u.confidence, coalesce(u.learned_from, '{}'), true,
    case when u.superseded_by is null then 'current' else 'superseded' end, u.created_at,
    case when u.superseded_by is not null then greatest(u.updated_at, u.created_at) end
from user_memory u join memory_stores s
    on s.tenant_id = u.tenant_id and s.user_id = u.user_id and s.store_name = 'default';
update memories m set superseded_by = u.superseded_by from user_memory u
    where u.id = m.id and u.superseded_by is not null;
alter table retention_policies no force row level security;
delete from retention_policies where table_name = 'user_memory';
alter table retention_policies force row level security;
drop table user_memory;

create view user_memory with (security_invoker = true) as
    select id, tenant_id, user_id, memory_type, content, embedding, embedding_model, embedding_dimension, importance,
        access_count, last_accessed, expires_at, created_at, updated_at, confidence, learned_from, superseded_by
    from memories where learned;
alter view user_memory alter column id set default gen_random_uuid();
alter view user_memory alter column importance set default 0.5;
alter view user_memory alter column access_count set default 0;
alter view user_memory alter column created_at set default current_timestamp;
alter view user_memory alter column updated_at set default current_timestamp;
alter view user_memory alter column confidence set default 0.5;
grant select, insert, update, delete on user_memory to radiant_app, radiant_system;

create function app.learn_memory() returns trigger language plpgsql as $$
declare
    store uuid;
begin
    insert into memory_stores (tenant_id, user_id) values (new.tenant_id, new.user_id)
        on conflict (tenant_id, user_id, store_name) do update set last_accessed = current_timestamp
        returning memory_stores.id into store;
    insert into memories (id, tenant_id, user_id, store_id, memory_type, content, embedding, embedding_model,
        embedding_dimension, importance, access_count, last_accessed, expires_at, created_at, updated_at, confidence,
        learned_from, superseded_by, learned, status, valid_to)
    values (new.id, new.tenant_id, new.user_id, store, new.memory_type, new.content, new.embedding,
        new.embedding_model, new.embedding_dimension, new.importance, new.access_count, new.last_accessed,
        new.expires_at, new.created_at, new.updated_at, new.confidence, coalesce(new.learned_from, '{}'),
        new.superseded_by, true, case when new.superseded_by is null then 'current' else 'superseded' end,
        case when new.superseded_by is not null then current_timestamp end);
    return new;
end $$;
create trigger learn instead of insert on user_memory for each row execute function app.learn_memory();

-- Numbers of a person's memories that mean nearly the same as `question`, by the index of app.ensure_ann_index, whose
-- expression and predicate must be written out.
create function app.nearest_memories(tenant uuid, person uuid, model text, dimension integer, question text, most integer)
returns setof bigint language plpgsql stable as $$
begin
    perform set_config('hnsw.iterative_scan', 'relaxed_order', true);
    return query execute format('select number from memories where tenant_id = $1 and user_id = $2
        and embedding_model = %L and status = ''current''
        order by embedding::halfvec(%s) <=> $3::halfvec(%s) limit $4', model, dimension, dimension)
        using tenant, person, question, most;
end $$;
