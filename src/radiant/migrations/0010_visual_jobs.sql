-- Section 10. The models' own columns (thermal_state, warm_until, auto_thermal_enabled) are in 0004.

alter table self_hosted_models
    add column service_state varchar(20) not null default 'OFFLINE'
        check (service_state in ('RUNNING', 'DEGRADED', 'DISABLED', 'OFFLINE')),
    add column warm_duration_minutes integer not null default 30 check (warm_duration_minutes > 0),
    add column hot_threshold_requests_per_minute integer not null default 10
        check (hot_threshold_requests_per_minute > 0),
    add column cold_threshold_idle_minutes integer not null default 15 check (cold_threshold_idle_minutes > 0);

-- A person's picture or video on its way through a pipeline. Deleting the person deletes the jobs; the files are
-- assets and go with their own rows, so a job names them by key and does not hold them.
create table visual_pipeline_jobs (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    pipeline_type varchar(50) not null check (pipeline_type in
        ('segment', 'inpaint', 'upscale', 'interpolate', 'face_restore', 'matte', 'video_mask')),
    source_asset_key varchar(500) not null check (source_asset_key like tenant_id::text || '/%'),
    output_asset_key varchar(500) check (output_asset_key like tenant_id::text || '/%'),
    models_used text[] not null,
    parameters jsonb default '{}' check (jsonb_typeof(parameters) = 'object'),
    status varchar(20) not null default 'pending'
        check (status in ('pending', 'running', 'completed', 'failed', 'cancelled')),
    progress integer default 0 check (progress between 0 and 100),
    started_at timestamptz,
    completed_at timestamptz,
    error_message text,
    cost numeric(20, 9) check (cost >= 0),
    created_at timestamptz not null default current_timestamp,
    run_id uuid,
    -- A second request with the same key is answered with the first one's job.
    idempotency_key varchar(200),
    attempts integer not null default 0 check (attempts >= 0),
    lease_owner varchar(100),
    lease_until timestamptz,
    cancel_requested_at timestamptz,
    unique (tenant_id, id),
    unique (tenant_id, user_id, idempotency_key),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id, run_id) references runs (tenant_id, user_id, id) on delete set null (run_id),
    check ((status in ('completed', 'failed', 'cancelled')) = (completed_at is not null))
);
create index visual_pipeline_jobs_person on visual_pipeline_jobs (tenant_id, user_id, created_at desc);
create index visual_pipeline_jobs_open on visual_pipeline_jobs (status, created_at)
    where status in ('pending', 'running');
create index visual_pipeline_jobs_run on visual_pipeline_jobs (run_id);
call app.person_table('visual_pipeline_jobs');
call app.retain('visual_pipeline_jobs', 'completed_at', '90 days');
