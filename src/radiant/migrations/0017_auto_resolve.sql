-- Section 17. A person's requests, with what they asked for; the decision itself is brain_routing_history.

create table auto_resolve_requests (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    request_type varchar(50) not null
        check (request_type in ('chat', 'code', 'analysis', 'creative', 'vision', 'audio')),
    selected_model varchar(200) not null,
    selection_reason text,
    user_preferences jsonb default '{}' check (jsonb_typeof(user_preferences) = 'object'),
    input_tokens integer check (input_tokens >= 0),
    output_tokens integer check (output_tokens >= 0),
    cost numeric(20, 9) check (cost >= 0),
    latency_ms integer check (latency_ms >= 0),
    -- The draft's default is kept; the service writes null until the call has ended.
    success boolean default true,
    created_at timestamptz not null default current_timestamp,
    quality_level varchar(20) not null default 'balanced'
        check (quality_level in ('economy', 'balanced', 'premium')),
    confidence numeric(9, 8) check (confidence between 0 and 1),
    decision_id uuid,
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id, decision_id) references brain_routing_history (tenant_id, user_id, id)
        on delete set null (decision_id)
);
create index auto_resolve_requests_person on auto_resolve_requests (tenant_id, user_id, created_at desc);
create index auto_resolve_requests_tenant on auto_resolve_requests (tenant_id, created_at desc);
create index auto_resolve_requests_model on auto_resolve_requests (selected_model, created_at desc);
create index auto_resolve_requests_decision on auto_resolve_requests (decision_id);
call app.person_table('auto_resolve_requests');
call app.retain('auto_resolve_requests', 'created_at', '400 days');
