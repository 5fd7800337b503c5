-- Accounting by journal and lease: what the ledger learns of a call, who holds which share, and rate limits.

alter table usage_ledger
    -- The journal that told of the call, of one process; null: written without one.
    add column journal_id uuid,
    add column protocol varchar(30) not null default 'internal',
    add column route varchar(30) not null default 'named',
    add column streamed boolean not null default false,
    add column cached boolean not null default false,
    add column tags jsonb not null default '{}' check (jsonb_typeof(tags) = 'object'),
    add column ended varchar(20) check (ended in ('answered', 'cancelled', 'failed', 'abandoned')),
    -- The budgets that it was admitted under, of the periods that hold created_at: these are charged.
    add column budgets uuid[] not null default '{}';
create index usage_ledger_journal on usage_ledger (journal_id) where state = 'reserved';
create index usage_ledger_model on usage_ledger (tenant_id, model, created_at desc);

-- One row a process that keeps a journal: how far it is in the ledger, written in the transaction that wrote the rows,
-- so nothing is lost or doubled. `alive_until` moves on while the process lives.
create table usage_journals (
    id uuid primary key,
    host varchar(255) not null default '',
    segment integer not null default 1 check (segment >= 1),
    read_to bigint not null default 0 check (read_to >= 0),
    alive_until timestamptz not null,
    created_at timestamptz not null default current_timestamp
);
call app.system_table('usage_journals');
call app.retain('usage_journals', 'alive_until', '90 days');

-- A budget may be of one model, by itself or for a person or key; `warn_at` is the part of it after which callers are
-- warned, once a period in the trail.
alter table budgets drop constraint budgets_scope_check;
alter table budgets drop constraint budgets_tenant_id_scope_user_id_api_key_id_period_key;
alter table budgets
    add column model varchar(200),
    add column warn_at numeric(4, 3) check (warn_at > 0 and warn_at <= 1),
    add constraint budgets_scope_check check (scope in ('tenant', 'user', 'api_key', 'model')),
    add constraint budgets_model_check check (scope <> 'model' or model is not null),
    add constraint budgets_one unique nulls not distinct (tenant_id, scope, user_id, api_key_id, model, period);
alter table budget_periods add column warned_at timestamptz;
call app.notifies('budgets');

-- What a process holds of a budget's period: drawn from it (`reserved` there is the sum of these) and not yet spent by
-- calls in the ledger.
alter table budget_leases drop column spent;
create unique index budget_leases_holder on budget_leases (holder, budget_id, period_start);

-- How much may be asked for in a minute, an hour, a day, or (concurrency) at once.
create table rate_limits (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    scope varchar(20) not null check (scope in ('tenant', 'user', 'api_key', 'model')),
    user_id uuid,
    api_key_id uuid,
    model varchar(200),
    meter varchar(20) not null check (meter in ('requests', 'tokens', 'concurrency')),
    period varchar(20) not null check (period in ('minute', 'hour', 'day', 'now')),
    allowed bigint not null check (allowed >= 0 and allowed < 1000000000000000),
    is_active boolean not null default true,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    unique (tenant_id, id),
    unique nulls not distinct (tenant_id, scope, user_id, api_key_id, model, meter, period),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, api_key_id) references api_keys (tenant_id, id) on delete cascade,
    check ((scope = 'user') = (user_id is not null)),
    check ((scope = 'api_key') = (api_key_id is not null)),
    check (scope <> 'model' or model is not null),
    check ((meter = 'concurrency') = (period = 'now'))
);
create index rate_limits_user on rate_limits (tenant_id, user_id);
create index rate_limits_key on rate_limits (tenant_id, api_key_id);
call app.tenant_table('rate_limits');
call app.notifies('rate_limits');

-- What all processes together drew of a limit in one window; it needs no giving back: the window ends.
create table rate_limit_windows (
    tenant_id uuid not null,
    rate_limit_id uuid not null,
    window_start timestamptz not null,
    used bigint not null default 0,
    primary key (rate_limit_id, window_start),
    foreign key (tenant_id, rate_limit_id) references rate_limits (tenant_id, id) on delete cascade
);
call app.tenant_table('rate_limit_windows');
call app.retain('rate_limit_windows', 'window_start', '2 days');

-- How many calls at once a process may have; it expires, so a crash leaks nothing.
create table rate_limit_holders (
    tenant_id uuid not null,
    rate_limit_id uuid not null,
    holder varchar(100) not null,
    slots bigint not null default 0 check (slots >= 0),
    expires_at timestamptz not null,
    primary key (rate_limit_id, holder),
    foreign key (tenant_id, rate_limit_id) references rate_limits (tenant_id, id) on delete cascade
);
create index rate_limit_holders_holder on rate_limit_holders (holder);
create index rate_limit_holders_expiry on rate_limit_holders (expires_at);
call app.tenant_table('rate_limit_holders');
call app.retain('rate_limit_holders', 'expires_at', '1 day');
