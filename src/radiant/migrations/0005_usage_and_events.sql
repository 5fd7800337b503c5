-- The ledger of calls, budgets, and the outbox by which low slices report.

-- One row a model call. Written as `reserved` at admission with the estimate and settled with the truth, so a
-- crash leaves a reservation that the reconciler settles, never a call that nobody counted.
create table usage_ledger (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid,
    api_key_id uuid,
    run_id uuid,
    decision_id uuid,
    request_id varchar(64) not null default '',
    kind varchar(30) not null default 'chat',
    provider varchar(50) not null,
    model varchar(200) not null,
    state varchar(20) not null default 'reserved' check (state in ('reserved', 'settled', 'failed')),
    -- Cost and tokens were estimated because the upstream did not say (hang-up, cut stream, crash).
    estimated boolean not null default false,
    reserved_cost numeric(20, 9) not null default 0 check (reserved_cost >= 0),
    cost numeric(20, 9) check (cost >= 0),
    input_tokens integer check (input_tokens >= 0),
    output_tokens integer check (output_tokens >= 0),
    cache_read_tokens integer check (cache_read_tokens >= 0),
    cache_write_tokens integer check (cache_write_tokens >= 0),
    reasoning_tokens integer check (reasoning_tokens >= 0),
    first_token_ms integer check (first_token_ms >= 0),
    duration_ms integer check (duration_ms >= 0),
    stop_reason varchar(30),
    error_kind varchar(50),
    created_at timestamptz not null default current_timestamp,
    settled_at timestamptz,
    unique (tenant_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete set null (user_id),
    foreign key (tenant_id, api_key_id) references api_keys (tenant_id, id) on delete set null (api_key_id)
);
create index usage_ledger_tenant on usage_ledger (tenant_id, created_at desc);
create index usage_ledger_user on usage_ledger (tenant_id, user_id, created_at desc);
create index usage_ledger_key on usage_ledger (tenant_id, api_key_id, created_at desc);
create index usage_ledger_open on usage_ledger (created_at) where state = 'reserved';
call app.tenant_table('usage_ledger', 'select, insert, update');

create table budgets (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    scope varchar(20) not null check (scope in ('tenant', 'user', 'api_key')),
    user_id uuid,
    api_key_id uuid,
    period varchar(20) not null check (period in ('day', 'month', 'total')),
    amount numeric(20, 9) not null check (amount >= 0),
    is_active boolean not null default true,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    unique (tenant_id, id),
    unique nulls not distinct (tenant_id, scope, user_id, api_key_id, period),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, api_key_id) references api_keys (tenant_id, id) on delete cascade,
    check ((scope = 'user') = (user_id is not null)),
    check ((scope = 'api_key') = (api_key_id is not null))
);
create index budgets_user on budgets (tenant_id, user_id);
create index budgets_key on budgets (tenant_id, api_key_id);
call app.tenant_table('budgets');

-- What a budget has spent and reserved in one period (total: the epoch). One conditional UPDATE reserves, so
-- sixty-four callers at once cannot overshoot.
create table budget_periods (
    tenant_id uuid not null,
    budget_id uuid not null,
    period_start timestamptz not null,
    spent numeric(20, 9) not null default 0 check (spent >= 0),
    reserved numeric(20, 9) not null default 0 check (reserved >= 0),
    primary key (budget_id, period_start),
    foreign key (tenant_id, budget_id) references budgets (tenant_id, id) on delete cascade
);
call app.tenant_table('budget_periods');

-- A share of a budget that one process may spend without asking again; it expires, so a crash leaks nothing.
create table budget_leases (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    budget_id uuid not null,
    period_start timestamptz not null,
    holder varchar(100) not null,
    amount numeric(20, 9) not null check (amount >= 0),
    spent numeric(20, 9) not null default 0 check (spent >= 0),
    expires_at timestamptz not null,
    foreign key (tenant_id, budget_id) references budgets (tenant_id, id) on delete cascade
);
create index budget_leases_budget on budget_leases (budget_id, period_start);
create index budget_leases_expiry on budget_leases (expires_at);
call app.tenant_table('budget_leases');

-- A typed event written in the transaction that it speaks of; sinks read on from their own place.
create table outbox (
    id bigint generated always as identity primary key,
    tenant_id uuid references tenants (id) on delete cascade,
    topic varchar(100) not null,
    payload jsonb not null default '{}',
    created_at timestamptz not null default current_timestamp,
    -- Ids are handed out before commit: a reader stops at the oldest transaction still open.
    tx xid8 not null default pg_current_xact_id()
);
create index outbox_order on outbox (tx, id);
create index outbox_at on outbox (created_at);
create index outbox_tenant on outbox (tenant_id);
call app.drop_box('outbox');

-- Where each sink has read to, in the order of (tx, id).
create table outbox_sinks (
    name varchar(100) primary key,
    last_id bigint not null default 0,
    last_tx xid8 not null default '0',
    updated_at timestamptz not null default current_timestamp
);
call app.system_table('outbox_sinks');

-- Events that a sink refused again and again, set aside so that the rest go on.
create table outbox_refused (
    id bigint generated always as identity primary key,
    tenant_id uuid references tenants (id) on delete cascade,
    sink varchar(100) not null,
    event_id bigint not null,
    topic varchar(100) not null,
    payload jsonb not null,
    error text not null,
    refused_at timestamptz not null default current_timestamp,
    unique (sink, event_id)
);
create index outbox_refused_at on outbox_refused (refused_at);
create index outbox_refused_tenant on outbox_refused (tenant_id);
call app.system_table('outbox_refused');
