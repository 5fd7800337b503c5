-- Documents by name as people order them ("b2" before "B10"), by size, and by their last change.

create function app.natural_order(name text) returns text language sql immutable strict parallel safe
    set search_path = pg_catalog as $$
    select string_agg(case when part[1] ~ '^[0-9]' then lpad(part[1], greatest(12, length(part[1])), '0') else part[1] end,
        '' order by place)
    from regexp_matches(lower(name), '[0-9]+|[^0-9]+', 'g') with ordinality as parts (part, place)
$$;

create index documents_by_name on documents (tenant_id, base_id, (app.natural_order(name) collate "C"), id);
create index documents_by_size on documents (tenant_id, base_id, (coalesce(next_bytes, bytes)) desc, id desc);
create index documents_changed on documents (tenant_id, base_id, updated_at desc, id desc);
