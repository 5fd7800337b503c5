-- Section 13, the user neural engine. All of it is a person's own and goes with the person.

create extension if not exists vector;

create table user_preferences (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    preference_key varchar(100) not null check (length(preference_key) > 0),
    preference_value jsonb not null,
    confidence numeric(9, 8) default 0.5 check (confidence between 0 and 1),
    -- Ids of the messages that it came from.
    learned_from text[],
    updated_at timestamptz not null default current_timestamp,
    created_at timestamptz not null default current_timestamp,
    -- Evidence for and against, as a Beta distribution; confidence is derived from it.
    evidence_for numeric(12, 6) not null default 0 check (evidence_for >= 0),
    evidence_against numeric(12, 6) not null default 0 check (evidence_against >= 0),
    -- The person said so: no evidence changes it.
    locked boolean not null default false,
    unique (tenant_id, user_id, preference_key),
    unique (tenant_id, user_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
call app.person_table('user_preferences');

-- What a preference was before; a contradiction supersedes, and does not forget.
create table user_preference_history (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    preference_id uuid not null,
    preference_value jsonb not null,
    confidence numeric(9, 8) check (confidence between 0 and 1),
    learned_from text[],
    valid_from timestamptz not null,
    valid_to timestamptz not null default current_timestamp,
    check (valid_to >= valid_from),
    foreign key (tenant_id, user_id, preference_id) references user_preferences (tenant_id, user_id, id)
        on delete cascade
);
create index user_preference_history_of on user_preference_history (preference_id, valid_to desc);
call app.person_table('user_preference_history', 'select, insert, delete');
call app.retain('user_preference_history', 'valid_to', '400 days');

create table user_memory (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    memory_type varchar(50) not null check (memory_type ~ '^[a-z][a-z0-9_]*$'),
    content text not null check (length(content) between 1 and 100000),
    -- Any dimension; each vector names its model, and only vectors of one model are compared.
    embedding vector,
    embedding_model varchar(200),
    embedding_dimension integer,
    importance numeric(9, 8) default 0.5 check (importance between 0 and 1),
    access_count integer default 0 check (access_count >= 0),
    last_accessed timestamptz,
    expires_at timestamptz,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    confidence numeric(9, 8) not null default 0.5 check (confidence between 0 and 1),
    learned_from text[],
    superseded_by uuid,
    unique (tenant_id, user_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id, superseded_by) references user_memory (tenant_id, user_id, id)
        on delete set null (superseded_by),
    check ((embedding is null) = (embedding_model is null)),
    check ((embedding is null) = (embedding_dimension is null)),
    check (embedding_dimension = vector_dims(embedding))
);
create index user_memory_person on user_memory (tenant_id, user_id, created_at desc);
create index user_memory_successor on user_memory (superseded_by);
create index user_memory_expiry on user_memory (expires_at) where expires_at is not null;
create index user_memory_model on user_memory (embedding_model);
call app.person_table('user_memory');
call app.retain('user_memory', 'expires_at', '1 day');

create table user_behavior_patterns (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    pattern_type varchar(50) not null check (pattern_type ~ '^[a-z][a-z0-9_]*$'),
    pattern_data jsonb not null,
    occurrence_count integer default 1 check (occurrence_count >= 0),
    last_occurred timestamptz not null default current_timestamp,
    created_at timestamptz not null default current_timestamp,
    -- What makes two observations the same pattern ('' where the type alone does).
    pattern_key varchar(200) not null default '',
    learned_from text[],
    unique (tenant_id, user_id, pattern_type, pattern_key),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
call app.person_table('user_behavior_patterns');
call app.retain('user_behavior_patterns', 'last_occurred', '400 days');

-- The person's say: off means that nothing is learnt and nothing is brought up.
create table personalization_settings (
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    learning_enabled boolean not null default true,
    recall_enabled boolean not null default true,
    updated_at timestamptz not null default current_timestamp,
    primary key (tenant_id, user_id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
call app.person_table('personalization_settings');

-- Each message is learnt from once.
alter table messages add column learned_at timestamptz;
create index messages_unlearned on messages (tenant_id, user_id, created_at)
    where learned_at is null and role = 'user';

-- An approximate index for one model's vectors in one table, once it pays: a filtered search over few rows is exact
-- and fast without, and an index built on an empty table finds little. Returns whether it exists afterwards.
-- It locks writes while it builds (118 s for 100,000 rows of 384 on two busy cores): call it at `min_rows`, early.
create function app.ensure_ann_index(tbl regclass, model text, dimension integer, min_rows bigint default 10000)
returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
declare
    vectors text := (select quote_ident(n.nspname) from pg_extension e join pg_namespace n on n.oid = e.extnamespace
        where e.extname = 'vector');
    index_name text := (select relname from pg_class where oid = tbl) || '_ann_' || left(md5(model), 12);
    rows bigint;
begin
    if not exists (select 1 from pg_attribute where attrelid = tbl and attname = 'embedding_model') then
        raise exception '% holds no vectors', tbl;
    end if;
    if dimension not between 1 and 4000 then
        raise exception 'halfvec indexes hold 1 to 4000 dimensions, not %', dimension;
    end if;
    if exists (select 1 from pg_class c join pg_index i on i.indexrelid = c.oid
            where i.indrelid = tbl and c.relname = index_name) then
        return true;
    end if;
    execute format('alter table %s no force row level security', tbl);
    execute format('select count(*) from %s where embedding_model = $1', tbl) into rows using model;
    execute format('alter table %s force row level security', tbl);
    if rows < min_rows then
        return false;
    end if;
    execute format('create index %I on %s using hnsw ((embedding::%s.halfvec(%s)) %s.halfvec_cosine_ops)
        where embedding_model = %L', index_name, tbl, vectors, dimension, vectors, model);
    return true;
end $$;
revoke execute on function app.ensure_ann_index from public;
grant execute on function app.ensure_ann_index to radiant_system;
