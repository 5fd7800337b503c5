-- Section 21. Audio is a file of its person (`assets`); a transcription or a synthesis that goes takes it along, whoever
-- deletes it: the person, retention of the session, a cascade.

alter table voice_sessions add column title varchar(200) not null default '';
alter table voice_transcriptions
    add column name varchar(255) not null default '',
    add column provider varchar(100),
    add column media_type varchar(100) check (media_type ~ '^(audio|video|application)/[A-Za-z0-9.+-]+$');
alter table voice_synthesis
    add column provider varchar(100),
    add column media_type varchar(100) check (media_type ~ '^(audio|video|application)/[A-Za-z0-9.+-]+$');

create function app.voice_audio_gone() returns trigger language plpgsql as $$
begin
    delete from assets where tenant_id = old.tenant_id and key = old.audio_url;
    return old;
end $$;
create trigger voice_audio_gone after delete on voice_transcriptions
    for each row when (old.audio_url is not null) execute function app.voice_audio_gone();
create trigger voice_audio_gone after delete on voice_synthesis
    for each row when (old.audio_url is not null) execute function app.voice_audio_gone();
