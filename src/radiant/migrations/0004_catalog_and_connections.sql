-- What models there are, and by which connection they are reached.

create table external_models (
    id uuid primary key default gen_random_uuid(),
    provider varchar(50) not null,
    -- The name that callers use, and the provider's own.
    model_id varchar(200) not null unique,
    upstream_id varchar(200) not null,
    display_name varchar(200) not null,
    aliases text[] not null default '{}',
    task varchar(30) not null default 'chat' check (task in
        ('chat', 'embedding', 'image', 'speech', 'transcription', 'moderation', 'rerank')),
    capabilities text[] not null default '{}',
    context_length integer check (context_length > 0),
    max_output_tokens integer check (max_output_tokens > 0),
    -- US dollars per million tokens.
    input_price numeric(20, 9) check (input_price >= 0),
    output_price numeric(20, 9) check (output_price >= 0),
    cache_read_price numeric(20, 9) check (cache_read_price >= 0),
    cache_write_price numeric(20, 9) check (cache_write_price >= 0),
    price_date date,
    price_source varchar(500) not null default '',
    -- Priors in 0..1 by task, corrected by what the Brain learns.
    quality jsonb not null default '{}' check (jsonb_typeof(quality) = 'object'),
    is_active boolean not null default true,
    deprecated_on date,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp
);
create index external_models_aliases on external_models using gin (aliases);
call app.global_table('external_models');

create table self_hosted_models (
    id uuid primary key default gen_random_uuid(),
    model_id varchar(200) not null unique,
    display_name varchar(200) not null,
    aliases text[] not null default '{}',
    category varchar(50) not null,
    task varchar(30) not null check (task in ('chat', 'embedding', 'speech', 'transcription', 'end_of_turn',
        'segmentation', 'video', 'inpainting', 'interpolation', 'upscaling', 'face', 'matting')),
    capabilities text[] not null default '{}',
    runtime varchar(30) not null,
    context_length integer check (context_length > 0),
    max_output_tokens integer check (max_output_tokens > 0),
    input_price numeric(20, 9) not null default 0 check (input_price >= 0),
    output_price numeric(20, 9) not null default 0 check (output_price >= 0),
    quality jsonb not null default '{}' check (jsonb_typeof(quality) = 'object'),
    license varchar(100) not null default '',
    memory_mb integer check (memory_mb > 0),
    endpoint varchar(500),
    settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
    is_active boolean not null default true,
    installed_at timestamptz,
    thermal_state varchar(20) not null default 'COLD'
        check (thermal_state in ('OFF', 'COLD', 'WARMING', 'WARM', 'HOT', 'COOLING', 'AUTOMATIC', 'FAILED')),
    warm_until timestamptz,
    auto_thermal_enabled boolean default true,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp
);
call app.global_table('self_hosted_models');

-- A provider's address and sealed key. tenant_id null: the platform's own, for all tenants.
create table provider_connections (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid references tenants (id) on delete cascade,
    provider varchar(50) not null,
    name varchar(100) not null default 'default',
    base_url varchar(500),
    -- {kek, wrapped data key, nonce, ciphertext}: see infra/kms.
    sealed jsonb,
    hint varchar(20) not null default '',
    settings jsonb not null default '{}' check (jsonb_typeof(settings) = 'object'),
    is_active boolean not null default true,
    checked_at timestamptz,
    check_error text,
    created_by uuid,
    created_at timestamptz not null default current_timestamp,
    updated_at timestamptz not null default current_timestamp,
    unique nulls not distinct (tenant_id, provider, name),
    foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by)
);
create index provider_connections_creator on provider_connections (tenant_id, created_by);
-- A tenant sees that the platform has a connection (provider, name), never its sealed key.
call app.protect('provider_connections', 'select, insert, update, delete');
create policy tenant on provider_connections to radiant_app
    using (tenant_id = (select app.tenant())) with check (tenant_id = (select app.tenant()));
