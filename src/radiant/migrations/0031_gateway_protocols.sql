-- What /v1 keeps of its own: responses that can be continued, and batches.

-- A person's responses, so that the next request may name one and go on from it. Where a vendor keeps the response
-- itself (`provider`), there is only whose it is: on a key that several share, an id of another's must lead nowhere.
create table stored_responses (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    -- As clients know it: resp_….
    response_id varchar(200) not null,
    -- The one that it goes on from. No reference: a deleted one leaves a gap, which a request then hears of.
    previous_id varchar(200),
    provider varchar(50),
    status varchar(20) not null check (status in
        ('queued', 'in_progress', 'completed', 'incomplete', 'failed', 'cancelled')),
    input jsonb not null default '[]' check (jsonb_typeof(input) = 'array'),
    answer jsonb not null default '{}' check (jsonb_typeof(answer) = 'object'),
    -- Of one in the background: when the process that works on it must have ended it.
    alive_until timestamptz,
    created_at timestamptz not null default current_timestamp,
    unique (tenant_id, user_id, response_id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade
);
call app.person_table('stored_responses');
call app.retain('stored_responses', 'created_at', '30 days');

-- Many requests at once, answered when there is room. Files are assets; they may be deleted before the batch is.
create table gateway_batches (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    -- The key that asked, by which its calls are bounded and counted.
    api_key_id uuid,
    protocol varchar(20) not null default 'openai' check (protocol in ('openai', 'anthropic')),
    endpoint varchar(100) not null,
    status varchar(20) not null default 'validating' check (status in
        ('validating', 'failed', 'in_progress', 'finalizing', 'completed', 'expired', 'cancelling', 'cancelled')),
    input_file_id uuid,
    output_file_id uuid,
    error_file_id uuid,
    errors jsonb not null default '[]' check (jsonb_typeof(errors) = 'array'),
    metadata jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
    in_progress_at timestamptz,
    cancelling_at timestamptz,
    finished_at timestamptz,
    expires_at timestamptz not null,
    created_at timestamptz not null default current_timestamp,
    unique (tenant_id, user_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, api_key_id) references api_keys (tenant_id, id) on delete set null (api_key_id)
);
create index gateway_batches_key on gateway_batches (tenant_id, api_key_id);
create index gateway_batches_list on gateway_batches (tenant_id, user_id, created_at desc, id desc);
call app.person_table('gateway_batches');
call app.retain('gateway_batches', 'created_at', '90 days', 'finished_at is not null');

-- One request of a batch. What is answered is written at once, and never asked again.
create table gateway_batch_lines (
    tenant_id uuid not null,
    user_id uuid not null,
    batch_id uuid not null,
    line integer not null check (line >= 1),
    custom_id varchar(512) not null,
    request jsonb not null check (jsonb_typeof(request) = 'object'),
    -- The HTTP status and body of its answer; null: not answered yet.
    status_code smallint check (status_code between 100 and 599),
    answer jsonb check (jsonb_typeof(answer) = 'object'),
    request_id varchar(64) not null default '',
    answered_at timestamptz,
    primary key (batch_id, line),
    unique (tenant_id, user_id, batch_id, custom_id),
    foreign key (tenant_id, user_id, batch_id) references gateway_batches (tenant_id, user_id, id) on delete cascade
);
create index gateway_batch_lines_open on gateway_batch_lines (batch_id, line) where status_code is null;
call app.person_table('gateway_batch_lines');
