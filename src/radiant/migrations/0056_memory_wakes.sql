-- Whoever makes vectors is told at once that one is due, on the channel of 0025: "table.column". Only of what is due
-- now: a lease and a delay move it ahead, and nobody need hear of that.

create function app.notify_due() returns trigger language plpgsql as $$
begin
    perform pg_notify('radiant_changes', tg_table_name || '.' || tg_argv[0]);
    return null;
end $$;

create procedure app.wakes(tbl regclass, due text) language plpgsql as $$
begin
    execute format('create trigger wake_inserted after insert on %1$s for each row when (new.%2$I <= current_timestamp)
        execute function app.notify_due(%2$L)', tbl, due);
    execute format('create trigger wake_updated after update of %2$I on %1$s for each row
        when (new.%2$I <= current_timestamp and new.%2$I is distinct from old.%2$I)
        execute function app.notify_due(%2$L)', tbl, due);
end $$;

call app.wakes('memories', 'embed_due');
