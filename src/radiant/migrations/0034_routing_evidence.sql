-- What answers taught of models, as sums that add up (`routing.quality`): of all tenants, and of each.

-- `place`: "" for all prompts, "task:<type>", "cell:<number>".
create table brain_model_evidence (
    model varchar(200) not null,
    place varchar(50) not null check (place ~ '^(task:[a-z0-9]+|cell:[0-9]+)?$'),
    precision double precision not null default 0 check (precision >= 0),
    information double precision not null default 0 check (information between -1e12 and 1e12),
    updated_at timestamptz not null default current_timestamp,
    primary key (model, place)
);
call app.global_table('brain_model_evidence');
call app.notifies('brain_model_evidence');

create table brain_tenant_evidence (
    tenant_id uuid not null references tenants (id) on delete cascade,
    model varchar(200) not null,
    place varchar(50) not null check (place ~ '^(task:[a-z0-9]+|cell:[0-9]+)?$'),
    precision double precision not null default 0 check (precision >= 0),
    information double precision not null default 0 check (information between -1e12 and 1e12),
    updated_at timestamptz not null default current_timestamp,
    primary key (tenant_id, model, place)
);
call app.tenant_table('brain_tenant_evidence', 'select');
call app.notifies('brain_tenant_evidence');
