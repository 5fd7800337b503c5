-- Section 21. What a person said and heard is theirs alone.

create table voice_sessions (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null references tenants (id) on delete cascade,
    user_id uuid not null,
    session_type varchar(20) not null check (session_type in ('stt', 'tts', 'realtime', 'video')),
    input_format varchar(20),
    output_format varchar(20),
    language varchar(35) default 'en' check (language ~ '^[A-Za-z0-9-]{2,35}$'),
    voice_id varchar(100) check (voice_id ~ '^[A-Za-z0-9_.:-]+$'),
    total_duration_ms integer default 0 check (total_duration_ms >= 0),
    total_cost numeric(20, 9) default 0 check (total_cost >= 0),
    created_at timestamptz not null default current_timestamp,
    ended_at timestamptz,
    chat_id uuid,
    unique (tenant_id, user_id, id),
    foreign key (tenant_id, user_id) references users (tenant_id, id) on delete cascade,
    foreign key (tenant_id, user_id, chat_id) references chats (tenant_id, user_id, id) on delete set null (chat_id),
    check (ended_at >= created_at)
);
create index voice_sessions_person on voice_sessions (tenant_id, user_id, created_at desc);
create index voice_sessions_chat on voice_sessions (chat_id);
create index voice_sessions_open on voice_sessions (created_at) where ended_at is null;
call app.person_table('voice_sessions');
call app.retain('voice_sessions', 'created_at', '400 days');

create table voice_transcriptions (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    session_id uuid not null,
    -- The object's key; a link is signed when it is read.
    audio_url varchar(500) check (audio_url like tenant_id::text || '/%'),
    transcription text,
    confidence numeric(9, 8) check (confidence between 0 and 1),
    duration_ms integer check (duration_ms >= 0),
    word_timestamps jsonb check (jsonb_typeof(word_timestamps) = 'array'),
    created_at timestamptz not null default current_timestamp,
    language varchar(35),
    model varchar(200),
    cost numeric(20, 9) check (cost >= 0),
    foreign key (tenant_id, user_id, session_id) references voice_sessions (tenant_id, user_id, id) on delete cascade
);
create index voice_transcriptions_session on voice_transcriptions (session_id, created_at);
call app.person_table('voice_transcriptions');

create table voice_synthesis (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    session_id uuid not null,
    input_text text not null check (length(input_text) <= 1000000),
    audio_url varchar(500) check (audio_url like tenant_id::text || '/%'),
    voice_id varchar(100) not null check (voice_id ~ '^[A-Za-z0-9_.:-]+$'),
    duration_ms integer check (duration_ms >= 0),
    character_count integer check (character_count >= 0),
    cost numeric(20, 9) check (cost >= 0),
    created_at timestamptz not null default current_timestamp,
    model varchar(200),
    foreign key (tenant_id, user_id, session_id) references voice_sessions (tenant_id, user_id, id) on delete cascade
);
create index voice_synthesis_session on voice_synthesis (session_id, created_at);
call app.person_table('voice_synthesis');
