"""People of a tenant: invited, changed, removed; tenants and their first owners."""

from datetime import timedelta

from radiant.foundation.identity import passwords, sessions_store, trail
from radiant.foundation.identity import users_store as store
from radiant.foundation.identity.callers import Caller, Role, role_of
from radiant.foundation.identity.schemas import Invited, NewUser, PasswordChange, User, UserChange
from radiant.foundation.identity.sessions import LIMIT_PAIR, WINDOW, LockedOut
from radiant.foundation.tenants import plans
from radiant.foundation.tenants import store as tenants_store
from radiant.foundation.tenants.schemas import NewTenant, Tenant
from radiant.infra.db import Database, Tx
from radiant.kit.clock import Clock, utc_now
from radiant.kit.errors import Conflict, Forbidden, Invalid, NotFound
from radiant.kit.ids import TenantId, UserId, uuid7

RECENT = timedelta(minutes=10)


class EmailTaken(Conflict):
    """The tenant already has a person of that e-mail."""

    slug = "email-taken"


class SlugTaken(Conflict):
    """Another tenant has that slug."""

    slug = "slug-taken"


class LastOwner(Conflict):
    """It would leave the workspace without an owner."""

    slug = "last-owner"


class WrongPassword(Forbidden):
    """The password typed for confirmation is not the caller's."""

    slug = "wrong-password"


class SignInAgain(Forbidden):
    """Somebody without a password confirms by having signed in just now."""

    slug = "sign-in-again"


def _may_touch(caller: Caller, person: User) -> None:
    """Raises Forbidden where the person stands above the caller."""
    _may_grant(caller, role_of(person.role))
    if person.is_operator and not caller.is_operator:
        raise Forbidden("only the platform's operator changes or removes an operator")


def require_grantable(caller: Caller, role: str) -> None:
    """Raises Forbidden where the caller may not give that role."""
    _may_grant(caller, role_of(role))


def _may_grant(caller: Caller, role: Role) -> None:
    caller.require_role(Role.ADMIN)
    if role > caller.role:
        raise Forbidden(f"role: only an owner makes or changes an {role.label}")


async def invite(database: Database, caller: Caller, new: NewUser) -> Invited:
    """A new person with a one-time password, shown once. Raises EmailTaken, Forbidden, LimitReached."""
    _may_grant(caller, role_of(new.role))
    password = passwords.one_time_password()
    encoded = await passwords.hash_password(password)
    async with database.system("invite").tx() as tx:
        await plans.require_seat(tx, caller.tenant_id)
        user = await store.insert(tx, UserId(uuid7()), caller.tenant_id, new, encoded)
        if user is None:
            raise EmailTaken(f"email: {new.email} is already in this workspace")
        await trail.record(tx, caller, "user.invited", target=("user", user.id), email=new.email, role=new.role)
    return Invited(**user.model_dump(), one_time_password=password)


async def change(database: Database, caller: Caller, user_id: UserId, change: UserChange) -> User:
    """Change name, role or status. Raises NotFound, Forbidden, LastOwner, LimitReached."""
    caller.require_role(Role.ADMIN)
    async with caller.db(database).tx() as tx:
        owners = await store.lock_owners(tx)
        before = await _person(tx, user_id)
        _may_touch(caller, before)
        _may_grant(caller, max(role_of(before.role), role_of(change.role or before.role)))
        if before.kind == "service" and change.role == "owner":
            raise Invalid("role: a service account is no owner")
        demoted = (change.role or before.role) != "owner" or (change.status or before.status) != "active"
        if demoted and owners == [user_id]:
            raise LastOwner("this is the last owner; make somebody else an owner first")
        if change.status == "active" and before.status != "active" and before.kind == "person":
            await plans.require_seat(tx, tx.tenant_id)
        user = await store.change(tx, user_id, change)
        assert user is not None
        await trail.record(tx, caller, "user.changed", target=("user", user_id), **change.model_dump(exclude_none=True))
    if change.status == "disabled":
        async with database.system("end sessions").tx() as tx:
            await sessions_store.end_all(tx, caller.tenant_id, user_id, keep=None)
    return user


async def remove(database: Database, caller: Caller, user_id: UserId) -> None:
    """Delete a person and what was theirs alone. Raises NotFound, Forbidden, LastOwner."""
    async with caller.db(database).tx() as tx:
        owners = await store.lock_owners(tx)
        person = await _person(tx, user_id)
        if user_id != caller.user_id:
            _may_touch(caller, person)
        if owners == [user_id]:
            raise LastOwner("this is the last owner; make somebody else an owner first")
        await store.delete(tx, user_id)
        await trail.record(tx, caller, "user.removed", target=("user", user_id), email=person.email)


async def require_touchable(database: Database, caller: Caller, user_id: UserId) -> User:
    """The person, whose ways to sign in the caller may change. Raises NotFound, Forbidden."""
    async with caller.db(database).tx() as tx:
        person = await _person(tx, user_id)
    _may_touch(caller, person)
    return person


async def reset_password(database: Database, caller: Caller, user_id: UserId) -> str:
    """A new one-time password; ends the person's sessions. Raises NotFound, Forbidden."""
    caller.require_role(Role.ADMIN)
    person = await require_touchable(database, caller, user_id)
    if person.kind == "service":
        raise Invalid("a service account does not sign in: make a key for it")
    password = passwords.one_time_password()
    encoded = await passwords.hash_password(password)
    async with database.system("reset password").tx() as tx:
        await store.set_password(tx, caller.tenant_id, user_id, encoded, one_time=True)
        await sessions_store.end_all(tx, caller.tenant_id, user_id, keep=None)
        await trail.record(tx, caller, "user.password_reset", target=("user", user_id))
    return password


async def change_password(database: Database, caller: Caller, form: PasswordChange) -> None:
    """Change one's own password; ends the other sessions. Raises WrongPassword, WeakPassword."""
    await confirm(database, caller, form.current_password)
    passwords.check_strength(form.new_password)
    if form.new_password == form.current_password:
        raise passwords.WeakPassword("new_password: it is the old one")
    encoded = await passwords.hash_password(form.new_password)
    async with database.system("change password").tx() as tx:
        await store.set_password(tx, caller.tenant_id, caller.user_id, encoded, one_time=False)
        await sessions_store.end_all(tx, caller.tenant_id, caller.user_id, keep=caller.session_id)
        await trail.record(tx, caller, "user.password_changed", target=("user", caller.user_id))


async def confirm(database: Database, caller: Caller, password: str, clock: Clock = utc_now) -> None:
    """Raises WrongPassword unless it is the caller's, and for an API key always. Tries are counted as at sign-in.

    Who has no password confirms by having signed in just now, else SignInAgain.
    """
    if caller.kind != "user":
        raise WrongPassword("this takes a person's session, not an API key")
    subject = [f"confirm|{caller.user_id}"]
    async with database.system("confirm password").tx() as tx:
        tries = await sessions_store.recent_attempts(tx, subject, WINDOW)
        if subject[0] in tries and tries[subject[0]][0] >= LIMIT_PAIR:
            raise LockedOut(
                "too many tries; wait a quarter of an hour", headers={"Retry-After": str(int(WINDOW.total_seconds()))}
            )
        await sessions_store.note_attempts(tx, subject)
        encoded = await store.password_hash(tx, caller.tenant_id, caller.user_id)
        opened = (
            await store.session_opened_at(tx, caller.tenant_id, caller.session_id)
            if encoded is None and caller.session_id is not None
            else None
        )
    if encoded is None:
        if opened is None or clock() - opened > RECENT:
            raise SignInAgain("sign out and in again, then confirm within ten minutes: this account has no password")
        return
    if not await passwords.verify_password(encoded, password):
        raise WrongPassword("the password is not right")
    async with database.system("confirm password").tx() as tx:
        await sessions_store.forget_attempts(tx, subject)


async def make_tenant(
    database: Database, new: NewTenant, caller: Caller | None, *, operator: bool = False
) -> tuple[Tenant, Invited]:
    """A workspace with its first owner and their one-time password. Raises SlugTaken.

    `operator` makes the owner the platform's operator besides: the very first person is.
    """
    password = passwords.one_time_password()
    encoded = await passwords.hash_password(password)
    tenant_id = TenantId(uuid7())
    async with database.system("make tenant").tx() as tx:
        tenant = await tenants_store.insert(tx, tenant_id, new)
        if tenant is None:
            raise SlugTaken(f"slug: {new.slug} is taken")
        owner = NewUser(email=new.owner_email, role="owner")
        user = await store.insert(tx, UserId(uuid7()), tenant_id, owner, encoded)
        assert user is not None
        if operator:
            await store.make_operator(tx, tenant_id, user.id)
            user = user.model_copy(update={"is_operator": True})
        if caller is not None:
            await trail.record(tx, caller, "tenant.made", target=("tenant", tenant_id), slug=new.slug)
        else:
            await trail.record_system(tx, tenant_id, "tenant.made", target=("tenant", tenant_id), slug=new.slug)
    return tenant, Invited(**user.model_dump(), one_time_password=password)


async def _person(tx: Tx, user_id: UserId) -> User:
    person = await store.get(tx, user_id)
    if person is None:
        raise NotFound("there is nobody of that id here")
    return person
