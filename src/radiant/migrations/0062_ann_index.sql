-- Whether an approximate index pays is counted as whoever asks sees the rows, who is the system: before, row level
-- security was lifted for the count, under a lock that kept readers out for as long as the index was being made.

drop function app.ensure_ann_index;

-- An approximate index for one model's vectors in one table. It locks writes while it builds.
create function app.make_ann_index(tbl regclass, model text, dimension integer)
returns boolean language plpgsql security definer set search_path = public, pg_temp as $$
declare
    vectors text := (select quote_ident(n.nspname) from pg_extension e join pg_namespace n on n.oid = e.extnamespace
        where e.extname = 'vector');
    index_name text := (select relname from pg_class where oid = tbl) || '_ann_' || left(md5(model), 12);
begin
    if not exists (select 1 from pg_attribute where attrelid = tbl and attname = 'embedding_model') then
        raise exception '% holds no vectors', tbl;
    end if;
    if dimension not between 1 and 4000 then
        raise exception 'halfvec indexes hold 1 to 4000 dimensions, not %', dimension;
    end if;
    execute format('create index if not exists %I on %s using hnsw
        ((embedding::%s.halfvec(%s)) %s.halfvec_cosine_ops) where embedding_model = %L',
        index_name, tbl, vectors, dimension, vectors, model);
    return true;
end $$;

-- The same once it pays: a filtered search over few rows is exact and fast without, and an index built on an empty table
-- finds little. Returns whether it exists afterwards. Call it at `min_rows`, early: 100,000 rows of 384 take 118 s on two
-- busy cores.
create function app.ensure_ann_index(tbl regclass, model text, dimension integer, min_rows bigint default 10000)
returns boolean language plpgsql set search_path = public, pg_temp as $$
declare
    rows bigint;
begin
    if exists (select 1 from pg_class c join pg_index i on i.indexrelid = c.oid
            where i.indrelid = tbl and c.relname = (select relname from pg_class where oid = tbl) || '_ann_'
                || left(md5(model), 12)) then
        return true;
    end if;
    execute format('select count(*) from (select from %s where embedding_model = $1 limit $2) sample', tbl)
        into rows using model, min_rows;
    return rows >= min_rows and app.make_ann_index(tbl, model, dimension);
end $$;
revoke execute on function app.make_ann_index, app.ensure_ann_index from public;
grant execute on function app.make_ann_index, app.ensure_ann_index to radiant_system;
