-- Section 20, the room server: which process has a room, and who must hear when people's rights in it change.

-- The process that has the room in memory holds an advisory lock while it lives; this says where it is found. A row
-- whose process is gone is overwritten by the next that gets the lock.
create table collaboration_owners (
    room_id uuid primary key,
    tenant_id uuid not null,
    process uuid not null,
    address varchar(300) not null,
    since timestamptz not null default current_timestamp,
    foreign key (tenant_id, room_id) references collaboration_rooms (tenant_id, id) on delete cascade
);
create index collaboration_owners_room on collaboration_owners (tenant_id, room_id);
call app.tenant_table('collaboration_owners');

-- Room alone: what changed is read. New participants change nothing for who is in already.
create function app.notify_room() returns trigger language plpgsql as $$
declare
    of_row jsonb := to_jsonb(coalesce(new, old));
begin
    perform pg_notify('radiant_changes', format('collaboration_rooms %s %s', of_row ->> 'tenant_id',
        of_row ->> case when tg_table_name = 'collaboration_rooms' then 'id' else 'room_id' end));
    return null;
end $$;
create trigger notify_changed after delete or update of is_active, access on collaboration_rooms
    for each row execute function app.notify_room();
create trigger notify_changed after delete or update of role on room_participants
    for each row execute function app.notify_room();

-- Old rows of the log go; what a room is made of stays. (The state is what its snapshot and the rows after it say.)
create function app.in_snapshot(room uuid, number bigint) returns boolean language sql stable
    return number <= (select snapshot_seq from public.collaboration_rooms r where r.id = room);
call app.retain('collaboration_updates', 'created_at', '400 days', 'app.in_snapshot(room_id, seq)');
