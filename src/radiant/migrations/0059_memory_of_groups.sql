-- Memory that a group has in common. What is kept for a group belongs to its holder: a row of users that is nobody, signs in
-- nowhere and owns no key, so that each table of a person's serves a group as it is, under the same policies.
alter table users drop constraint users_kind_check;
alter table users add constraint users_kind_check check (kind in ('person', 'service', 'group'));
alter table groups
    add column holder_id uuid,
    add unique (tenant_id, holder_id),
    add foreign key (tenant_id, holder_id) references users (tenant_id, id) on delete set null (holder_id);

create function app.delete_holders() returns trigger language plpgsql as $$
begin
    delete from users u using gone g where u.tenant_id = g.tenant_id and u.id = g.holder_id and u.kind = 'group';
    return null;
end $$;
create trigger delete_holders after delete on groups referencing old table as gone
    for each statement execute function app.delete_holders();

create table memory_groups (
    tenant_id uuid not null,
    group_id uuid not null,
    -- What whoever is in the group may do with it; admins that are in it may do everything.
    members_may varchar(20) not null default 'write' check (members_may in ('read', 'write')),
    created_by uuid,
    created_at timestamptz not null default current_timestamp,
    primary key (tenant_id, group_id),
    foreign key (tenant_id, group_id) references groups (tenant_id, id) on delete cascade,
    foreign key (tenant_id, created_by) references users (tenant_id, id) on delete set null (created_by)
);
create index memory_groups_created_by on memory_groups (tenant_id, created_by);
call app.tenant_table('memory_groups');
