-- Tools: a tenant's own (webhooks), MCP servers, switches; and what a model may read by SQL.

-- `implementation` of a tenant's own is the address that is called. A row without a tenant is the operator's word on a
-- built-in tool: whether it is to be had at all. The names of built-in tools are the program's to keep free.
alter table thinktank_tools
    add column side_effects boolean not null default true,
    add column credential_id uuid,
    add column created_by uuid,
    add column updated_at timestamptz not null default current_timestamp,
    drop constraint thinktank_tools_tool_name_check,
    drop constraint thinktank_tools_tool_type_check,
    add check (tool_name ~ '^[a-z][a-z0-9_]{0,63}$'),
    add check (tool_type in ('compute', 'retrieval', 'http', 'search', 'sql', 'mcp', 'webhook')),
    add check (length(description) <= 4000),
    add foreign key (tenant_id, credential_id) references stored_credentials (tenant_id, id)
        on delete set null (credential_id),
    add foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by);
create index thinktank_tools_credential on thinktank_tools (tenant_id, credential_id);
create index thinktank_tools_maker on thinktank_tools (tenant_id, created_by);

-- What the tenant's admins say of a tool, by its name. `config`: what some tools need (allowed hosts, a provider).
create table thinktank_tool_settings (
    tenant_id uuid not null references tenants (id) on delete cascade,
    tool_name varchar(100) not null check (tool_name ~ '^[a-z][a-z0-9_]{0,63}$'),
    is_active boolean not null default true,
    least_role varchar(20) not null default 'member' check (least_role in ('viewer', 'member', 'admin', 'owner')),
    ask_first boolean not null default false,
    config jsonb not null default '{}' check (jsonb_typeof(config) = 'object'),
    credential_id uuid,
    updated_by uuid,
    updated_at timestamptz not null default current_timestamp,
    primary key (tenant_id, tool_name),
    foreign key (tenant_id, credential_id) references stored_credentials (tenant_id, id)
        on delete set null (credential_id),
    foreign key (tenant_id, updated_by) references users (tenant_id, id) on delete set null (updated_by)
);
create index thinktank_tool_settings_credential on thinktank_tool_settings (tenant_id, credential_id);
create index thinktank_tool_settings_changer on thinktank_tool_settings (tenant_id, updated_by);
call app.tenant_table('thinktank_tool_settings');

-- MCP servers: at an address, or a command that the platform's operator lists in the settings; `tools` and `left_out`
-- are the last listing that was good.
create table tool_servers (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    name varchar(20) not null check (name ~ '^[a-z][a-z0-9_]*$'),
    transport varchar(10) not null check (transport in ('http', 'stdio')),
    -- Where it is, or the name of the command.
    address varchar(2000) not null,
    credential_id uuid,
    header_name varchar(100) not null default 'Authorization' check (header_name ~ '^[A-Za-z0-9-]+$'),
    header_scheme varchar(50) not null default 'Bearer',
    is_active boolean not null default true,
    tools jsonb not null default '[]' check (jsonb_typeof(tools) = 'array'),
    left_out jsonb not null default '[]' check (jsonb_typeof(left_out) = 'array'),
    listed_at timestamptz,
    last_error varchar(1000),
    created_by uuid,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    unique (tenant_id, name),
    foreign key (tenant_id, credential_id) references stored_credentials (tenant_id, id)
        on delete set null (credential_id),
    foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by)
);
create index tool_servers_credential on tool_servers (tenant_id, credential_id);
create index tool_servers_maker on tool_servers (tenant_id, created_by);
call app.tenant_table('tool_servers');

-- What a model may read by SQL. The role cannot log in and inherits nothing: the application takes it for the length of
-- one read-only transaction. It may read columns of a few tables, through policies of its own that show one person's rows,
-- and nothing besides. The views are what it is told of; each runs with the rights of who asks.
do $$ begin
    create role radiant_reader nologin;
exception when duplicate_object or unique_violation then null;
end $$;
do $$ begin
    if (select rolsuper or rolbypassrls or rolcanlogin from pg_roles where rolname = 'radiant_reader') then
        raise exception 'the role radiant_reader may do more than read one person''s rows: drop it';
    end if;
end $$;
-- Roles are the cluster's: another installation in it may have done so already, and who migrates here may not.
do $$ begin
    if not exists (select from pg_auth_members
            where roleid = 'radiant_reader'::regrole and member = 'radiant_app'::regrole and set_option) then
        grant radiant_reader to radiant_app with inherit false, set true;
    end if;
end $$;
grant usage on schema app to radiant_reader;
create schema tenant_views;
grant usage on schema tenant_views to radiant_reader;

-- Lets the reader see `columns` of a person's rows.
create procedure app.readable(tbl regclass, columns text, whose text default 'user_id = (select app.person())')
language plpgsql as $$
begin
    execute format('grant select (%s) on %s to radiant_reader', columns, tbl);
    execute format('create policy reader on %s for select to radiant_reader
        using (tenant_id = (select app.tenant()) and (%s))', tbl, whose);
end $$;

call app.readable('chats', 'id, tenant_id, user_id, title, model, folder, pinned, deleted_at, created_at, updated_at');
create view tenant_views.chats with (security_invoker = true) as
    select id, title, model, folder, pinned, created_at, updated_at from public.chats
    where tenant_id = (select app.tenant()) and user_id = (select app.person()) and deleted_at is null;
comment on view tenant_views.chats is 'The person''s chats';

call app.readable('messages', 'id, tenant_id, user_id, chat_id, role, content, status, model, input_tokens, output_tokens,
    cost, first_token_ms, duration_ms, created_at');
create view tenant_views.messages with (security_invoker = true) as
    select m.id, m.chat_id, m.role, left((select string_agg(part ->> 'text', E'\n') from jsonb_array_elements(m.content) part
        where part ->> 'type' = 'text'), 100000) as text, m.status, m.model, m.input_tokens, m.output_tokens, m.cost,
        m.first_token_ms, m.duration_ms, m.created_at
    from public.messages m join public.chats c on c.tenant_id = m.tenant_id and c.user_id = m.user_id and c.id = m.chat_id
    where m.tenant_id = (select app.tenant()) and m.user_id = (select app.person()) and c.deleted_at is null;
comment on view tenant_views.messages is 'Messages of the person''s chats; cost in dollars';

call app.readable('knowledge_bases', 'id, tenant_id, user_id, name, description, created_at, updated_at',
    'user_id is null or user_id = (select app.person())');
create view tenant_views.knowledge_bases with (security_invoker = true) as
    select id, name, description, case when user_id is null then 'workspace' else 'person' end as owner, created_at, updated_at
    from public.knowledge_bases
    where tenant_id = (select app.tenant()) and (user_id is null or user_id = (select app.person()));
comment on view tenant_views.knowledge_bases is 'Knowledge bases that the person may read';

call app.readable('documents', 'id, tenant_id, user_id, base_id, name, title, state, media_type, bytes, pages, passages,
    characters, language, created_at, updated_at', 'user_id is null or user_id = (select app.person())');
create view tenant_views.documents with (security_invoker = true) as
    select id, base_id, name, title, state, media_type, bytes, pages, passages, characters, language, created_at, updated_at
    from public.documents
    where tenant_id = (select app.tenant()) and (user_id is null or user_id = (select app.person()));
comment on view tenant_views.documents is 'Documents of those bases, without their texts';

call app.readable('usage_ledger', 'id, tenant_id, user_id, kind, provider, model, state, estimated, cost, input_tokens,
    output_tokens, cache_read_tokens, cache_write_tokens, reasoning_tokens, first_token_ms, duration_ms, stop_reason, error_kind,
    created_at');
create view tenant_views.usage with (security_invoker = true) as
    select id, kind, provider, model, state, estimated, cost, input_tokens, output_tokens, cache_read_tokens, cache_write_tokens,
        reasoning_tokens, first_token_ms, duration_ms, stop_reason, error_kind, created_at
    from public.usage_ledger where tenant_id = (select app.tenant()) and user_id = (select app.person());
comment on view tenant_views.usage is 'Calls of models that the person made; cost in dollars';

call app.readable('merge_sessions', 'id, tenant_id, user_id, prompt, merge_strategy, models_used, final_result, quality_score,
    total_cost, status, created_at, completed_at');
create view tenant_views.merges with (security_invoker = true) as
    select id, left(prompt, 100000) as prompt, merge_strategy, models_used, left(final_result, 100000) as final_result,
        quality_score, total_cost, status, created_at, completed_at
    from public.merge_sessions where tenant_id = (select app.tenant()) and user_id = (select app.person());
comment on view tenant_views.merges is 'Merges of answers that the person asked for';

call app.readable('merge_responses', 'id, tenant_id, user_id, session_id, model, response, tokens_used, latency_ms,
    contribution_weight, cost, round, position, created_at');
create view tenant_views.merge_answers with (security_invoker = true) as
    select id, session_id as merge_id, model, left(response, 100000) as response, tokens_used, latency_ms, contribution_weight,
        cost, round, position, created_at
    from public.merge_responses where tenant_id = (select app.tenant()) and user_id = (select app.person());
comment on view tenant_views.merge_answers is 'The answers that were merged';

call app.readable('memories', 'id, tenant_id, user_id, content, memory_type, importance, source, status, pinned, expires_at,
    happened_at, created_at, updated_at');
create view tenant_views.memories with (security_invoker = true) as
    select id, content, memory_type, importance, source, pinned, happened_at, created_at, updated_at from public.memories
    where tenant_id = (select app.tenant()) and user_id = (select app.person()) and status = 'current'
        and (expires_at is null or expires_at > current_timestamp);
comment on view tenant_views.memories is 'What is remembered of the person now';

grant select on all tables in schema tenant_views to radiant_reader;
-- What the tool tells of them, and holds a query against.
grant usage on schema tenant_views to radiant_app;
