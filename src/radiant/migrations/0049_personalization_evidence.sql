-- The neural engine learns: confidence follows from evidence, what changed is told, and an answer names what was brought up.

alter table user_preferences
    -- How fast evidence fades: half-lives of 730, 90 and 14 days.
    add column lasting varchar(20) not null default 'preference'
        check (lasting in ('identity', 'preference', 'mood')),
    -- The person asked for it, or said that it is right: it is brought up however little speaks for it.
    add column confirmed boolean not null default false,
    -- Since when this value holds.
    add column valid_from timestamptz not null default current_timestamp,
    -- When evidence_for and evidence_against were as they are written; they fade from then on.
    add column weighed_at timestamptz not null default current_timestamp;
create index user_preferences_order on user_preferences (tenant_id, user_id, confidence desc, id);

-- What speaks for a value, or against it. Of a conversation and a sign the heaviest alone is kept.
create table user_preference_evidence (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    preference_id uuid not null,
    value jsonb not null,
    sign smallint not null check (sign in (-1, 1)),
    kind varchar(20) not null
        check (kind in ('user_edit', 'explicit', 'accepted', 'rejected', 'behaviour', 'inference')),
    -- Before it fades.
    weighs numeric(6, 3) not null check (weighs > 0),
    session varchar(200) not null,
    message_id uuid,
    -- Word for word from the message.
    quote text not null default '' check (length(quote) <= 1000),
    at timestamptz not null default current_timestamp,
    foreign key (tenant_id, user_id, preference_id) references user_preferences (tenant_id, user_id, id)
        on delete cascade,
    foreign key (tenant_id, user_id, message_id) references messages (tenant_id, user_id, id)
        on delete set null (message_id)
);
create unique index user_preference_evidence_once on user_preference_evidence
    (tenant_id, user_id, preference_id, session, sign, md5(value::text));
create index user_preference_evidence_of on user_preference_evidence (preference_id, at, id);
create index user_preference_evidence_message on user_preference_evidence (message_id);
call app.person_table('user_preference_evidence');
call app.retain('user_preference_evidence', 'at', '1461 days');

-- What happened to preferences. Of one that was forgotten it says that and no more.
create table user_preference_changes (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    preference_id uuid,
    at timestamptz not null default current_timestamp,
    what varchar(20) not null check (what in
        ('learned', 'raised', 'lowered', 'superseded', 'edited', 'confirmed', 'rejected', 'forgotten')),
    before jsonb,
    after jsonb,
    why varchar(500) not null default '',
    check (what <> 'forgotten' or preference_id is null),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id, preference_id) references user_preferences (tenant_id, user_id, id)
        on delete cascade
);
create index user_preference_changes_order on user_preference_changes (tenant_id, user_id, at desc, id desc);
create index user_preference_changes_of on user_preference_changes (preference_id);
call app.person_table('user_preference_changes', 'select, insert, delete');
call app.retain('user_preference_changes', 'at', '400 days');

-- What was brought up for an answer: {preferences: [ids], memories: [ids], tokens}. Ids alone.
alter table messages add column applied jsonb check (jsonb_typeof(applied) = 'object');

-- What waits to be learnt from, the oldest first, whoever's it is.
create index messages_to_learn on messages (created_at) where learned_at is null and role = 'user';

-- In which language a question is (ISO 639-1), as it was read when it was learnt from.
alter table messages add column language varchar(8);

-- A pattern that was deleted is not counted again: its type and key alone stay.
alter table user_behavior_patterns add column hidden boolean not null default false;
alter table personalization_settings add column patterns_since timestamptz;
