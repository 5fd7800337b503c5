"""Who may do what in a vault, over every combination of roles."""

from datetime import UTC, datetime
from itertools import combinations, product
from typing import Any, get_args

import pytest

from radiant.foundation.credentials.access import NoSuchVault, NotInThisVault, VaultRole, reached
from radiant.foundation.credentials.actor import Actor
from radiant.foundation.identity.callers import Caller, Role
from radiant.kit.ids import ApiKeyId, TenantId, UserId, uuid7

ROLES: tuple[Any, ...] = get_args(VaultRole)
SOME = [None, *ROLES]
REVEAL = [list(roles) for size in range(5) for roles in combinations(ROLES, size)]


def _row(person: Any, key: Any, reveal: list[str]) -> Any:
    return {
        "id": uuid7(), "vault_name": "v", "description": None, "encryption_key_arn": "local:0", "reveal_roles": reveal,
        "second_person": False, "reveal_window_seconds": 900, "recovery_days": 30, "created_at": datetime.now(UTC),
        "person_role": person, "key_role": key,
    }  # fmt: skip


def _actor(kind: Any, *, admin: bool) -> Actor:
    key = ApiKeyId(uuid7()) if kind == "api_key" else None
    return Actor(TenantId(uuid7()), kind, UserId(uuid7()), key, is_admin=admin)


@pytest.mark.parametrize(("person", "key", "admin"), list(product(SOME, SOME, [False, True])))
def test_f15_10_a_value_is_shown_by_ones_own_role_alone(person: Any, key: Any, admin: bool) -> None:
    for reveal in REVEAL:
        row = _row(person, key, reveal)
        assert ("reveal" in reached(_actor("user", admin=admin), row).rights) == (person in reveal)
        assert ("reveal" in reached(_actor("api_key", admin=admin), row).rights) == (key in reveal)


@pytest.mark.parametrize(("person", "key"), list(product(SOME, SOME)))
def test_f15_10_a_key_without_a_role_does_no_more_than_its_person(person: Any, key: Any) -> None:
    own = reached(_actor("user", admin=False), _row(person, None, ["owner"])).rights
    borrowed = reached(_actor("api_key", admin=False), _row(person, None, ["owner"])).rights
    assert borrowed <= own
    assert "administer" not in borrowed
    given = reached(_actor("api_key", admin=False), _row(person, key, ["owner"])).rights
    if key is not None:
        assert given == reached(_actor("user", admin=False), _row(key, None, ["owner"])).rights


def test_a_stranger_is_told_that_there_is_nothing_and_a_member_what_it_takes() -> None:
    with pytest.raises(NoSuchVault):
        reached(_actor("user", admin=False), _row(None, None, ["owner"])).require("see")
    with pytest.raises(NotInThisVault, match="owner or manager"):
        reached(_actor("user", admin=False), _row("user", None, ["owner"])).require("write")


def test_a_key_of_an_admin_manages_vaults_with_the_scope_admin_alone() -> None:
    def caller(*scopes: Any) -> Caller:
        return Caller(TenantId(uuid7()), UserId(uuid7()), Role.ADMIN, False, "api_key", frozenset(scopes))

    assert Actor.of(caller("read", "write", "admin")).is_admin
    assert not Actor.of(caller("read", "write")).is_admin
