-- An export of a person has what is kept about them, not what is computed of it again: vectors, and tables that say so.
comment on table memory_terms is 'derived: the postings of memories';

create or replace function app.export_person() returns table (table_name text, content jsonb)
language plpgsql stable as $$
declare
    tbl record;
begin
    for tbl in
        select c.oid, c.relname::text as name,
            string_agg(format('%L, t.%I', a.attname, a.attname), ', ' order by a.attnum) as pairs
        from pg_class c
        join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
        join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
        join pg_type y on y.oid = a.atttypid and y.typname not in ('vector', 'halfvec', 'tsvector')
        where c.relkind in ('r', 'p') and not c.relispartition
            and has_column_privilege(c.oid, a.attnum, 'select')
            and exists (select from pg_attribute p where p.attrelid = c.oid and p.attname = 'tenant_id')
            and (c.relname = 'users'
                or exists (select from pg_attribute p where p.attrelid = c.oid and p.attname = 'user_id'))
            and coalesce(obj_description(c.oid, 'pg_class'), '') not like 'derived:%'
        group by c.oid, c.relname
        order by c.relname
    loop
        return query execute format(
            'select %L::text, coalesce(jsonb_agg(jsonb_build_object(%s)), ''[]'') from %s t'
            ' where t.tenant_id = app.tenant() and t.%I = app.person()',
            tbl.name, tbl.pairs, tbl.oid::regclass, case when tbl.name = 'users' then 'id' else 'user_id' end);
    end loop;
end $$;
