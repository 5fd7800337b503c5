-- Section 21. Videos of a session, their scenes as pictures, and the long work on them and on long recordings.

create table voice_videos (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    session_id uuid not null,
    name varchar(255) not null default '',
    -- The object's key; a link is signed when it is read.
    video_url varchar(500) not null check (video_url like tenant_id::text || '/%'),
    media_type varchar(100) not null check (media_type ~ '^(audio|video|application)/[A-Za-z0-9.+-]+$'),
    duration_ms integer not null check (duration_ms >= 0),
    width integer not null check (width >= 0),
    height integer not null check (height >= 0),
    has_sound boolean not null,
    has_pictures boolean not null,
    widest_gap_ms integer not null default 0 check (widest_gap_ms >= 0),
    status varchar(20) not null default 'queued'
        check (status in ('queued', 'working', 'done', 'failed', 'cancelled')),
    -- What is being done, or is to be done next; what came before is finished, and is not done again.
    stage varchar(20) not null default 'pictures' check (stage in ('pictures', 'sound', 'done')),
    -- So much of the stage is done.
    done_ms integer not null default 0 check (done_ms >= 0),
    error jsonb,
    asked_model varchar(200) not null default 'auto',
    asked_language varchar(35),
    -- Who works on it: one that was overtaken stops.
    worker uuid,
    created_at timestamptz not null default current_timestamp,
    unique (tenant_id, user_id, id),
    foreign key (tenant_id, user_id, session_id) references voice_sessions (tenant_id, user_id, id) on delete cascade
);
create index voice_videos_session on voice_videos (session_id, created_at);
call app.person_table('voice_videos');

create table video_frames (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    video_id uuid not null,
    at_ms integer not null check (at_ms >= 0),
    frame_url varchar(500) not null check (frame_url like tenant_id::text || '/%'),
    -- How much of the picture had changed, of 0..1.
    score real not null check (score between 0 and 1),
    width integer not null check (width > 0),
    height integer not null check (height > 0),
    created_at timestamptz not null default current_timestamp,
    unique (video_id, at_ms),
    foreign key (tenant_id, user_id, video_id) references voice_videos (tenant_id, user_id, id) on delete cascade
);
call app.person_table('video_frames');

alter table voice_transcriptions
    add column video_id uuid,
    add column status varchar(20) not null default 'done'
        check (status in ('queued', 'working', 'done', 'failed', 'cancelled')),
    add column done_ms integer not null default 0 check (done_ms >= 0),
    add column error jsonb,
    add column asked_model varchar(200),
    add column asked_language varchar(35),
    add column worker uuid,
    add constraint voice_transcriptions_whose unique (tenant_id, user_id, id),
    add foreign key (tenant_id, user_id, video_id) references voice_videos (tenant_id, user_id, id) on delete cascade;
create unique index voice_transcriptions_video on voice_transcriptions (video_id) where video_id is not null;

-- What was heard of a long recording so far: gone when all of it was heard.
create table voice_pieces (
    tenant_id uuid not null,
    user_id uuid not null,
    transcription_id uuid not null,
    start_ms integer not null check (start_ms >= 0),
    end_ms integer not null check (end_ms > start_ms),
    heard jsonb not null,
    cost numeric(20, 9) not null check (cost >= 0),
    created_at timestamptz not null default current_timestamp,
    primary key (transcription_id, start_ms),
    foreign key (tenant_id, user_id, transcription_id)
        references voice_transcriptions (tenant_id, user_id, id) on delete cascade
);
call app.person_table('voice_pieces');

-- The files go along, whoever deletes the row: the person, retention of the session, a cascade.
create function app.voice_file_gone() returns trigger language plpgsql as $$
begin
    delete from assets where tenant_id = old.tenant_id and key = to_jsonb(old) ->> tg_argv[0];
    return old;
end $$;
create trigger voice_file_gone after delete on voice_videos
    for each row execute function app.voice_file_gone('video_url');
create trigger voice_file_gone after delete on video_frames
    for each row execute function app.voice_file_gone('frame_url');
