-- Where showing a value takes two people, taking that rule away takes two as well: a request that names the vault and no
-- credential is about its rule.

alter table credential_reveal_requests
    alter column credential_id drop not null,
    add column vault_id uuid;
update credential_reveal_requests r set vault_id = c.vault_id from stored_credentials c
    where c.tenant_id = r.tenant_id and c.id = r.credential_id;
alter table credential_reveal_requests
    alter column vault_id set not null,
    add foreign key (tenant_id, vault_id) references credential_vaults (tenant_id, id) on delete cascade;
create index credential_reveal_requests_vault on credential_reveal_requests (tenant_id, vault_id);
