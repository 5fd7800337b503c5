-- Section 22. A person's memory, in stores. One engine serves these and user_memory (0013).

create table memory_stores (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    store_name varchar(100) not null default 'default' check (length(btrim(store_name)) > 0),
    -- The model that new memories are embedded with. The service writes the true one.
    embedding_model varchar(200) default 'text-embedding-3-small',
    -- Kept right by triggers on memories.
    total_memories integer default 0 check (total_memories >= 0),
    last_accessed timestamptz,
    created_at timestamptz not null default current_timestamp,
    unique (tenant_id, user_id, store_name),
    unique (tenant_id, user_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
call app.person_table('memory_stores');

create table memories (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    store_id uuid not null,
    content text not null check (length(content) between 1 and 100000),
    embedding vector,
    embedding_model varchar(200),
    embedding_dimension integer,
    memory_type varchar(50) default 'fact' check (memory_type ~ '^[a-z][a-z0-9_]*$'),
    source varchar(100),
    importance numeric(9, 8) default 0.5 check (importance between 0 and 1),
    access_count integer default 0 check (access_count >= 0),
    last_accessed timestamptz,
    expires_at timestamptz,
    metadata jsonb default '{}' check (jsonb_typeof(metadata) = 'object'),
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    superseded_by uuid,
    -- Finds the same words said twice; guards nothing.
    content_hash char(32) generated always as (md5(lower(btrim(content)))) stored,
    search tsvector generated always as (to_tsvector('simple', content)) stored,
    unique (tenant_id, user_id, store_id, id),
    foreign key (tenant_id, user_id, store_id) references memory_stores (tenant_id, user_id, id) on delete cascade,
    foreign key (tenant_id, user_id, store_id, superseded_by) references memories (tenant_id, user_id, store_id, id)
        on delete set null (superseded_by),
    check ((embedding is null) = (embedding_model is null)),
    check ((embedding is null) = (embedding_dimension is null)),
    check (embedding_dimension = vector_dims(embedding))
);
create index memories_store on memories (tenant_id, user_id, store_id, created_at desc);
create index memories_successor on memories (superseded_by);
create index memories_expiry on memories (expires_at) where expires_at is not null;
create index memories_model on memories (embedding_model);
create index memories_same on memories (store_id, content_hash);
create index memories_search on memories using gin (search);
call app.person_table('memories');
call app.retain('memories', 'expires_at', '1 day');

create function app.count_memories() returns trigger language plpgsql as $$
begin
    update memory_stores s set total_memories = s.total_memories + n.change
    from (select store_id, case when tg_op = 'INSERT' then count(*) else -count(*) end as change
        from changed group by store_id) n
    where s.id = n.store_id;
    return null;
end $$;
create trigger count_inserted after insert on memories referencing new table as changed
    for each statement execute function app.count_memories();
create trigger count_deleted after delete on memories referencing old table as changed
    for each statement execute function app.count_memories();

-- Both ends in one store, by the key.
create table memory_relationships (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    store_id uuid not null,
    source_memory_id uuid not null,
    target_memory_id uuid not null check (target_memory_id <> source_memory_id),
    relationship_type varchar(50) not null check (relationship_type ~ '^[a-z][a-z0-9_]*$'),
    strength numeric(9, 8) default 0.5 check (strength between 0 and 1),
    created_at timestamptz not null default current_timestamp,
    unique (source_memory_id, target_memory_id, relationship_type),
    foreign key (tenant_id, user_id, store_id, source_memory_id)
        references memories (tenant_id, user_id, store_id, id) on delete cascade,
    foreign key (tenant_id, user_id, store_id, target_memory_id)
        references memories (tenant_id, user_id, store_id, id) on delete cascade
);
create index memory_relationships_target on memory_relationships (target_memory_id);
call app.person_table('memory_relationships');
