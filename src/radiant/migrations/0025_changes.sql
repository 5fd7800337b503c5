-- Tells every process when what it keeps in memory (keys, people, connections, models, limits) has changed.

-- One notification a transaction for each table and tenant: Postgres joins equal ones.
create function app.notify_changed() returns trigger language plpgsql as $$
declare
    of_row jsonb := to_jsonb(coalesce(new, old));
    -- A tenant's own row is known by its id.
    tenant text := case when tg_table_name = 'tenants' then of_row ->> 'id' else of_row ->> 'tenant_id' end;
begin
    perform pg_notify('radiant_changes', tg_table_name || ' ' || coalesce(tenant, ''));
    return null;
end $$;

-- `only_columns` keeps what changes all the time (when a key was last used) from telling.
create procedure app.notifies(tbl regclass, only_columns text default '') language plpgsql as $$
begin
    execute format('create trigger notify_changed after insert or delete on %s
        for each row execute function app.notify_changed()', tbl);
    execute format('create trigger notify_updated after update %s on %s
        for each row execute function app.notify_changed()',
        case when only_columns = '' then '' else 'of ' || only_columns end, tbl);
end $$;

call app.notifies('tenants', 'plan, status, settings');
call app.notifies('users', 'role, status, is_operator');
call app.notifies('api_keys', 'user_id, scopes, expires_at, revoked_at');
call app.notifies('provider_connections');
call app.notifies('external_models');
call app.notifies('self_hosted_models', 'is_active');
