"""The vault (section 15): secrets sealed per version, used without being shown, every attempt in a chained log.

What is where:
- `actor.Actor`: who acts. `Actor.of(caller)` for a request, `Actor.job(tenant_id, "why")` for a job.
- `vaults.Vaults`: create, list, change, delete vaults; their members.
- `service.Credentials`: store, describe, list, change, delete, restore, purge; `add_version`, `promote`, `roll_back`,
  `versions`; `rotate` is add and promote at once. `open` gives a value to our own code (rotators, mirrors).
- `reveals.Reveals`: show a value to a person, alone or with a second one's approval.
- `leases.Leases`: use by reference (`infra/secrets`): what providers and webhooks ask; one audit row a lease.
- `access`: which role may do what. `value.Value`: a plain value; `kinds`: the fields of each credential type.
- `access_log.AccessLog`: `attempt(...)` around whatever touches a credential, so that it is recorded, success or not.
- `envelope`: how a version is sealed and bound. `trail.Trail`: the log as people read it.
The roots make one of each by `radiant.vault.make_vault(runtime, changes, uses)`; in requests they are `app.state.vaults`,
`.credentials`, `.reveals`, `.leases`, `.credential_trail`.
"""
