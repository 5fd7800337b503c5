-- Knowledge bases: documents of a person, or of the tenant (user_id null), cut into passages. A version is read beside the
-- one that is found, and takes its place at once. Vectors are made beside it: `embed_due` is the queue.

-- Rows of one person, or of the tenant itself where there is none; who may change the tenant's is the service's to say.
create procedure app.owned_table(tbl regclass, app_verbs text default 'select, insert, update, delete')
language plpgsql as $$
begin
    call app.protect(tbl, app_verbs);
    execute format('create policy person on %s to radiant_app
        using (tenant_id = (select app.tenant()) and (user_id is null or user_id = (select app.person())))
        with check (tenant_id = (select app.tenant()) and (user_id is null or user_id = (select app.person())))', tbl);
    execute format('create trigger keep_owner before update on %s for each row
        when (old.user_id is distinct from new.user_id) execute function app.keep_owner()', tbl);
end $$;

create table knowledge_bases (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid,
    name varchar(200) not null check (length(name) > 0),
    description text not null default '' check (length(description) <= 4000),
    embedding_model varchar(200) not null,
    -- What its vectors were made by, while new ones are made in the background.
    former_model varchar(200),
    languages text[] not null default '{}',
    created_by uuid,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    unique (tenant_id, id),
    unique (tenant_id, user_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by)
);
create index knowledge_bases_maker on knowledge_bases (tenant_id, created_by);
call app.owned_table('knowledge_bases');

create table documents (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid,
    base_id uuid not null,
    number bigint generated always as identity,
    name varchar(255) not null check (length(name) > 0),
    metadata jsonb not null default '{}',
    -- The version that is found; 0 until one was read.
    version integer not null default 0 check (version >= 0),
    asset_id uuid,
    media_type varchar(200) not null default '',
    bytes bigint not null default 0,
    sha256 bytea,
    pages integer not null default 0,
    passages integer not null default 0,
    embedded integer not null default 0 check (embedded between 0 and passages),
    characters integer not null default 0,
    title text,
    language varchar(8),
    -- Terms of its name and title.
    cue text[] not null default '{}',
    -- The version under way, or that failed.
    next_version integer default 1,
    next_asset_id uuid,
    next_media_type varchar(200),
    next_bytes bigint,
    next_sha256 bytea,
    stage varchar(10) not null default 'waiting' check (stage in ('waiting', 'reading', 'read', 'failed')),
    state varchar(10) not null generated always as
        (case when stage <> 'read' then stage when embedded < passages then 'embedding' else 'ready' end) stored
        check (state in ('waiting', 'reading', 'embedding', 'ready', 'failed')),
    -- Whoever reads it, and the share of it that is done.
    reader uuid,
    done real not null default 0,
    problem jsonb,
    created_by uuid,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    unique (tenant_id, id),
    unique (tenant_id, user_id, id),
    unique (tenant_id, base_id, name),
    foreign key (tenant_id, base_id) references knowledge_bases (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id, base_id) references knowledge_bases (tenant_id, user_id, id) on delete cascade,
    foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by),
    check ((next_version is null) = (stage = 'read'))
);
create index documents_newest on documents (tenant_id, base_id, created_at desc, id desc);
create index documents_maker on documents (tenant_id, created_by);
call app.owned_table('documents');

create function app.notify_document() returns trigger language plpgsql as $$
begin
    perform pg_notify('radiant_changes', 'documents ' || coalesce(new.tenant_id, old.tenant_id)::text || ' '
        || coalesce(new.base_id, old.base_id)::text);
    return null;
end $$;
create trigger notify_document after insert or update or delete on documents
    for each row execute function app.notify_document();

-- However a document goes, its original goes too.
create function app.forget_originals() returns trigger language plpgsql as $$
begin
    delete from assets a using gone g
        where a.tenant_id = g.tenant_id and a.id in (g.asset_id, g.next_asset_id);
    return null;
end $$;
create trigger forget_originals after delete on documents referencing old table as gone
    for each statement execute function app.forget_originals();

create sequence app.document_places;
grant usage on sequence app.document_places to radiant_app, radiant_system;

-- Passages ascend and do not overlap: `lead` is what of the text stands between one and the one before, so that the
-- passages of a version are its text.
create table document_passages (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid,
    base_id uuid not null,
    document_id uuid not null,
    version integer not null,
    number integer not null check (number > 0),
    -- Its number among all passages, in postings.
    place bigint not null default nextval('app.document_places'),
    starts integer not null check (starts >= 0),
    ends integer not null check (ends >= starts),
    first_page integer,
    last_page integer,
    headings text[] not null default '{}',
    lead text not null default '',
    content text not null,
    words integer not null default 0,
    embedding vector,
    embedding_model varchar(200),
    embedding_dimension integer,
    -- A vector is wanted from then on, once its version is found; moved ahead while somebody makes it.
    embed_due timestamptz,
    unique (tenant_id, document_id, version, number),
    foreign key (tenant_id, document_id) references documents (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id, document_id) references documents (tenant_id, user_id, id) on delete cascade,
    check ((embedding is null) = (embedding_model is null)),
    check ((embedding is null) = (embedding_dimension is null)),
    check (embedding_dimension = vector_dims(embedding))
);
-- Vectors stay in the row, which an exact search reads whole; the words go out of it.
alter table document_passages alter column embedding set storage main;
alter table document_passages set (toast_tuple_target = 2048, fillfactor = 85);
create index document_passages_base on document_passages (tenant_id, base_id, place);
create index document_passages_due on document_passages (embed_due) where embed_due is not null;
create index document_passages_model on document_passages (embedding_model);
comment on table document_passages is 'derived: what was read of the originals';
call app.owned_table('document_passages');

-- Which passages hold a term how often, in batches of a document's passages: places (int8) and counts (int2) one after the
-- other in network order. A term that begins with # is of the headings above.
create table document_terms (
    tenant_id uuid not null,
    user_id uuid,
    base_id uuid not null,
    term varchar(66) collate "C" not null,
    document_id uuid not null,
    version integer not null,
    batch integer not null,
    held integer not null check (held > 0),
    places bytea not null,
    counts bytea not null,
    primary key (tenant_id, base_id, term, document_id, version, batch),
    foreign key (tenant_id, document_id) references documents (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id, document_id) references documents (tenant_id, user_id, id) on delete cascade
);
create index document_terms_of on document_terms (tenant_id, document_id, version);
comment on table document_terms is 'derived: the postings of passages';
call app.owned_table('document_terms', 'select, insert, delete');

-- Ids of passages alone: their words are not kept twice.
alter table messages add column cited jsonb;
alter table concurrent_sessions add column documents uuid[] not null default '{}';

alter table api_keys drop constraint api_keys_scopes_check;
alter table api_keys add constraint api_keys_scopes_check check (
    scopes <@ '{inference,read,write,memory,documents,admin}'::text[] and cardinality(scopes) > 0
);

-- Places of passages that mean nearly the same as `question`, by the index of app.ensure_ann_index, whose expression and
-- predicate must be written out.
create function app.nearest_passages(tenant uuid, bases uuid[], model text, dimension integer, question text, most integer)
returns setof bigint language plpgsql stable as $$
begin
    perform set_config('hnsw.iterative_scan', 'relaxed_order', true);
    -- As many as are wanted in one go, in place of ten rounds of 40.
    perform set_config('hnsw.ef_search', least(most, 1000)::text, true);
    return query execute format('select place from document_passages where tenant_id = $1 and base_id = any($2)
        and embedding_model = %L order by embedding::halfvec(%s) <=> $3::halfvec(%s) limit $4', model, dimension, dimension)
        using tenant, bases, question, most;
end $$;
