-- As many as are wanted in one go, in place of ten rounds of 40.
create or replace function app.nearest_memories(tenant uuid, person uuid, model text, dimension integer, question text, most integer)
returns setof bigint language plpgsql stable as $$
begin
    perform set_config('hnsw.iterative_scan', 'relaxed_order', true);
    perform set_config('hnsw.ef_search', least(most, 1000)::text, true);
    return query execute format('select number from memories where tenant_id = $1 and user_id = $2
        and embedding_model = %L and status = ''current''
        order by embedding::halfvec(%s) <=> $3::halfvec(%s) limit $4', model, dimension, dimension)
        using tenant, person, question, most;
end $$;
