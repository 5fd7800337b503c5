-- Answers kept to be given again, and what was asked and answered where a tenant's admin wants it kept.

alter table policies
    -- Null: nothing is kept.
    add column cache jsonb check (jsonb_typeof(cache) = 'object'),
    add column logging jsonb check (jsonb_typeof(logging) = 'object');

-- Prompts are not in here, but by their hash and, of semantic caches, the vector of the last message.
create table response_cache (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    policy_id uuid not null,
    -- Null: for everybody whom the policy binds.
    user_id uuid,
    request_hash bytea not null check (length(request_hash) = 32),
    -- Of everything but the last message; null: found by the exact request alone.
    scope_hash bytea check (length(scope_hash) = 32),
    embedding_model varchar(200),
    embedding halfvec,
    model varchar(200) not null,
    answer bytea not null,
    hits bigint not null default 0,
    created_at timestamptz not null default current_timestamp,
    expires_at timestamptz not null,
    unique (tenant_id, policy_id, request_hash),
    foreign key (tenant_id, policy_id) references policies (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
create index response_cache_scope on response_cache (tenant_id, policy_id, scope_hash) where scope_hash is not null;
create index response_cache_age on response_cache (tenant_id, policy_id, created_at);
create index response_cache_user on response_cache (tenant_id, user_id);
create index response_cache_expiry on response_cache (expires_at);
call app.tenant_table('response_cache');
call app.retain('response_cache', 'expires_at', '1 hour');

-- The log of a person's calls; `shared`: the policy says that admins read it too.
create table request_logs (
    id uuid primary key,
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    policy_id uuid,
    api_key_id uuid,
    shared boolean not null default false,
    protocol varchar(30) not null,
    model varchar(200) not null,
    request jsonb not null,
    -- Null: none came, or it was relayed byte for byte.
    response jsonb,
    failure varchar(100),
    created_at timestamptz not null default current_timestamp,
    expires_at timestamptz not null,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, policy_id) references policies (tenant_id, id) on delete set null (policy_id),
    foreign key (tenant_id, api_key_id) references api_keys (tenant_id, id) on delete set null (api_key_id)
);
create index request_logs_time on request_logs (tenant_id, created_at desc, id desc);
create index request_logs_user on request_logs (tenant_id, user_id);
create index request_logs_policy on request_logs (tenant_id, policy_id);
create index request_logs_key on request_logs (tenant_id, api_key_id);
create index request_logs_expiry on request_logs (expires_at);
call app.shareable_table('request_logs', 'select, insert, delete');
call app.retain('request_logs', 'expires_at', '1 hour');
