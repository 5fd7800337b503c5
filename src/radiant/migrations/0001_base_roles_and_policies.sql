-- Roles and the procedures that put row level security on a table.
--
-- radiant_app     serves requests. Owns nothing, bypasses nothing; sees the tenant of its transaction.
-- radiant_system  cross-tenant work (SystemDb): sign-in, journal writer, roll-ups, reconcilers, the operator.
-- Neither needs BYPASSRLS, so a managed Postgres will do. The migrator creates the two login roles.

create schema if not exists app;
grant usage on schema app to radiant_app, radiant_system;

-- Unset and '' (what a transaction-local setting leaves behind on a reused connection) both mean: no rows.
create function app.tenant() returns uuid language sql stable parallel safe
    return nullif(current_setting('app.current_tenant_id', true), '')::uuid;
create function app.person() returns uuid language sql stable parallel safe
    return nullif(current_setting('app.current_user_id', true), '')::uuid;

-- Every table gets one of these seven. `app_verbs` narrow what the application role may do at all.
create procedure app.protect(tbl regclass, app_verbs text) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', tbl);
    execute format('alter table %s force row level security', tbl);
    execute format('create policy system on %s to radiant_system using (true) with check (true)', tbl);
    execute format('grant select, insert, update, delete on %s to radiant_system', tbl);
    execute format('grant %s on %s to radiant_app', app_verbs, tbl);
end $$;

-- Rows of one tenant.
create procedure app.tenant_table(tbl regclass, app_verbs text default 'select, insert, update, delete')
language plpgsql as $$
begin
    call app.protect(tbl, app_verbs);
    execute format('create policy tenant on %s to radiant_app
        using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()))', tbl);
end $$;

-- Rows of one person in one tenant: not even the tenant's admins read them.
create procedure app.person_table(tbl regclass, app_verbs text default 'select, insert, update, delete')
language plpgsql as $$
begin
    call app.protect(tbl, app_verbs);
    execute format('create policy person on %s to radiant_app
        using (tenant_id = (select app.tenant()) and user_id = (select app.person()))
        with check (tenant_id = (select app.tenant()) and user_id = (select app.person()))', tbl);
end $$;

-- Rows of one person that may be opened to the tenant by `shared` (files, canvases); who then may change what is the
-- service's to say, but for two things: WITH CHECK lets nobody but the owner close a row again, and the trigger lets
-- nobody but the owner hand it over. (A cascade changes owners below as the owner of the tables.)
create function app.keep_owner() returns trigger language plpgsql as $$
begin
    if current_user = 'radiant_app' and old.user_id is distinct from app.person() then
        raise insufficient_privilege using message = 'only its owner hands this over';
    end if;
    return new;
end $$;
create procedure app.shareable_table(tbl regclass, app_verbs text default 'select, insert, update, delete')
language plpgsql as $$
begin
    call app.protect(tbl, app_verbs);
    execute format('create policy person on %s to radiant_app
        using (tenant_id = (select app.tenant()) and (shared or user_id = (select app.person())))
        with check (tenant_id = (select app.tenant()) and (shared or user_id = (select app.person())))', tbl);
    execute format('create trigger keep_owner before update on %s for each row
        when (old.user_id is distinct from new.user_id) execute function app.keep_owner()', tbl);
end $$;

-- Rows that the application may write about its own tenant and never read (errors, the outbox).
create procedure app.drop_box(tbl regclass) language plpgsql as $$
begin
    call app.protect(tbl, 'insert');
    execute format('create policy tenant on %s for insert to radiant_app
        with check (tenant_id = (select app.tenant()))', tbl);
end $$;

-- Rows of a tenant beside global ones (tenant_id null): all read the global ones, the operator alone writes them.
create procedure app.shared_table(tbl regclass, app_verbs text default 'select, insert, update, delete')
language plpgsql as $$
begin
    call app.protect(tbl, app_verbs);
    execute format('create policy tenant on %s to radiant_app
        using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()))', tbl);
    execute format('create policy global on %s for select to radiant_app using (tenant_id is null)', tbl);
end $$;

-- No tenant at all (the catalogue): readable by everyone, written by the operator.
create procedure app.global_table(tbl regclass) language plpgsql as $$
begin
    call app.protect(tbl, 'select');
    execute format('create policy global on %s for select to radiant_app using (true)', tbl);
end $$;

-- Machinery that requests never read.
create procedure app.system_table(tbl regclass) language plpgsql as $$
begin
    execute format('alter table %s enable row level security', tbl);
    execute format('alter table %s force row level security', tbl);
    execute format('create policy system on %s to radiant_system using (true) with check (true)', tbl);
    execute format('grant select, insert, update, delete on %s to radiant_system', tbl);
end $$;
