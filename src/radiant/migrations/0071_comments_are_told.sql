-- Section 20. Whoever looks at a room hears that something was said about it, by the process that has the room.

create function app.notify_comments() returns trigger language plpgsql as $$
declare
    of_row jsonb := to_jsonb(coalesce(new, old));
begin
    perform pg_notify('radiant_changes',
        format('collaboration_comments %s %s', of_row ->> 'tenant_id', of_row ->> 'room_id'));
    return null;
end $$;
create trigger notify_changed after insert or update or delete on collaboration_comments
    for each row execute function app.notify_comments();
