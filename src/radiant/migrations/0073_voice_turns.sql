-- Section 21, realtime: each turn of a spoken conversation, with what was heard of its answer and how long each stage took.

create table voice_turns (
    id uuid primary key default gen_random_uuid(),
    tenant_id uuid not null,
    user_id uuid not null,
    session_id uuid not null,
    number integer not null check (number > 0),
    kind varchar(10) not null check (kind in ('spoken', 'typed')),
    question_id uuid,
    answer_id uuid,
    -- Sound of the answer: what was sent, and what was played of it.
    spoken_ms integer not null default 0 check (spoken_ms >= 0),
    heard_ms integer not null default 0 check (heard_ms >= 0),
    interrupted boolean not null default false,
    -- Where the question ended in the sound of the session; the others are counted from that moment.
    speech_end_ms integer not null default 0 check (speech_end_ms >= 0),
    transcript_final_ms integer check (transcript_final_ms >= 0),
    first_token_ms integer check (first_token_ms >= 0),
    first_sentence_ms integer check (first_sentence_ms >= 0),
    first_audio_ms integer check (first_audio_ms >= 0),
    -- From the beginning of the speech that interrupted to the end of the sound.
    cancel_ms integer check (cancel_ms >= 0),
    created_at timestamptz not null default current_timestamp,
    ended_at timestamptz,
    unique (session_id, number),
    foreign key (tenant_id, user_id, session_id) references voice_sessions (tenant_id, user_id, id) on delete cascade,
    foreign key (tenant_id, user_id, question_id) references messages (tenant_id, user_id, id)
        on delete set null (question_id),
    foreign key (tenant_id, user_id, answer_id) references messages (tenant_id, user_id, id) on delete set null (answer_id)
);
create index voice_turns_question on voice_turns (question_id);
create index voice_turns_answer on voice_turns (answer_id);
create index voice_turns_person on voice_turns (tenant_id, user_id, session_id, number);
call app.person_table('voice_turns');
