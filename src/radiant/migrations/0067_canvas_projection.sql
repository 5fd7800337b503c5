-- Section 23: the projection of a canvas's document, what was removed, and what models propose.

-- A room is one canvas's.
drop index canvases_room;
create unique index canvases_room on canvases (room_id);
-- The number in the room's log that the rows below were made of: what is older is not written over it.
alter table canvases add column projected_seq bigint not null default 0 check (projected_seq >= 0);

alter table artifacts
    add column created_by uuid,
    -- Taken off the canvas; can be had back for 30 days.
    add column deleted_at timestamptz,
    add column deleted_by uuid,
    -- Where parts of the content come from: [{start, end, provenance_id}], in UTF-16 units.
    add column spans jsonb not null default '[]' check (jsonb_typeof(spans) = 'array'),
    add foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by),
    add foreign key (tenant_id, deleted_by) references users (tenant_id, id) on delete set null (deleted_by);
create index artifacts_creator on artifacts (tenant_id, created_by);
create index artifacts_remover on artifacts (tenant_id, deleted_by);
create index artifacts_deleted on artifacts (deleted_at);
call app.retain('artifacts', 'deleted_at', '30 days');

alter table artifact_versions
    -- Who wrote it, where it was several; and the models that wrote for them.
    add column authors uuid[] not null default '{}',
    add column models text[] not null default '{}',
    add column spans jsonb not null default '[]' check (jsonb_typeof(spans) = 'array');

create table canvas_proposals (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    shared boolean not null default false,
    artifact_id uuid not null,
    asked_by uuid,
    model varchar(200) not null,
    instruction text not null check (length(instruction) <= 4000),
    -- Of the part that was asked about, in UTF-16 units of base_text.
    selection_start integer not null check (selection_start >= 0),
    selection_end integer not null,
    base_text text not null check (length(base_text) <= 5000000),
    proposed_text text not null default '' check (length(proposed_text) <= 5000000),
    -- [{id, start, end, old, new}]
    hunks jsonb not null default '[]' check (jsonb_typeof(hunks) = 'array'),
    accepted integer[] not null default '{}',
    status varchar(20) not null default 'open' check (status in ('open', 'applied', 'rejected', 'failed')),
    -- What its spans are named by in the document.
    provenance_id varchar(100) not null default '',
    provenance jsonb not null default '{}' check (jsonb_typeof(provenance) = 'object'),
    tokens integer not null default 0 check (tokens >= 0),
    cost numeric(20, 9) check (cost >= 0),
    error jsonb,
    -- {text, back: [{start, end, new, spans}]}: what the text was right after, and what takes the change back.
    applied jsonb check (jsonb_typeof(applied) = 'object'),
    undone boolean not null default false,
    created_at timestamptz not null default current_timestamp,
    decided_at timestamptz,
    check (selection_end >= selection_start),
    foreign key (tenant_id, user_id, shared, artifact_id) references artifacts (tenant_id, user_id, shared, id)
        on update cascade on delete cascade,
    foreign key (tenant_id, asked_by) references users (tenant_id, id) on delete set null (asked_by)
);
create index canvas_proposals_artifact on canvas_proposals (artifact_id, created_at desc);
create index canvas_proposals_asker on canvas_proposals (tenant_id, asked_by);
create index canvas_proposals_at on canvas_proposals (created_at);
call app.shareable_table('canvas_proposals');
call app.retain('canvas_proposals', 'created_at', '90 days');
