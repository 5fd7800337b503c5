-- Rules for calls: of the whole tenant, and of single keys, which narrow them.

create table policies (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    -- Null: it binds every call of the tenant.
    api_key_id uuid,
    name varchar(100) not null check (name <> ''),
    is_active boolean not null default true,
    -- Names with * for any characters; null: every model.
    allowed_models text[],
    denied_models text[] not null default '{}',
    -- Name -> models, tried in this order.
    aliases jsonb not null default '{}' check (jsonb_typeof(aliases) = 'object'),
    -- Parameter -> {default, maximum, over: clamp | refuse}.
    parameters jsonb not null default '{}' check (jsonb_typeof(parameters) = 'object'),
    -- [{name, values}]; no values: any.
    required_tags jsonb not null default '[]' check (jsonb_typeof(required_tags) = 'array'),
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    unique (tenant_id, id),
    unique (tenant_id, name),
    unique nulls not distinct (tenant_id, api_key_id),
    foreign key (tenant_id, api_key_id) references api_keys (tenant_id, id) on delete cascade
);
call app.tenant_table('policies');
call app.notifies('policies');

-- What inspects prompts and answers under a policy, in the order of their positions.
create table guardrails (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    policy_id uuid not null,
    position integer not null check (position >= 0),
    name varchar(100) not null check (name <> ''),
    kind varchar(20) not null check (kind in ('pii', 'secrets', 'regex', 'size', 'webhook', 'model')),
    stage varchar(20) not null check (stage in ('before', 'after', 'both')),
    action varchar(20) not null check (action in ('block', 'redact', 'pseudonymise')),
    settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
    is_active boolean not null default true,
    -- With what requests to a webhook are signed: sealed to the tenant.
    secret jsonb,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    unique (tenant_id, id),
    unique (tenant_id, policy_id, position) deferrable initially deferred,
    foreign key (tenant_id, policy_id) references policies (tenant_id, id) on delete cascade
);
call app.tenant_table('guardrails');
call app.notifies('guardrails');
