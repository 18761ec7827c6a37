"""Roles have the least that their work needs, and a refusal says who may."""

import pytest

from compliance.access import LEAST, ROLES, Actor, Permission, RefusedError, UnknownRoleError, require

MASKED, CLEAR, IDENTITY = Permission.SEGMENTS_MASKED, Permission.SEGMENTS_CLEAR, Permission.IDENTITY
REPORTS, WORK = Permission.REPORTS, Permission.WORK_LISTS
OVERRIDES = Permission.OVERRIDES

EXPECTED: dict[str, set[Permission]] = {
    "analyst": {MASKED, REPORTS},
    "finance": {REPORTS, WORK},
    "ml_engineer": set(),
    "engineer": {MASKED},
    "coder": {MASKED, OVERRIDES},
    "biller": {MASKED, CLEAR, IDENTITY, REPORTS, OVERRIDES, WORK},
    "privacy_officer": {MASKED, CLEAR, IDENTITY, REPORTS},
}


def test_who_may_what_is_as_written_here() -> None:
    assert {name: set(role.permissions) for name, role in ROLES.items()} == EXPECTED
    assert {name for name, role in ROLES.items() if role.is_of_all_tenants} == {"engineer", "privacy_officer"}


def test_the_default_role_sees_no_identifier() -> None:
    assert ROLES[LEAST].permissions == {MASKED, REPORTS}
    assert not ROLES[LEAST].is_of_all_tenants


@pytest.mark.parametrize("role", EXPECTED)
@pytest.mark.parametrize("permission", Permission)
def test_a_permission_is_asked_for_and_refused_by_name(role: str, permission: Permission) -> None:
    actor = Actor.of("jane", role)
    if permission in EXPECTED[role]:
        require(actor, permission, "alder")
        assert actor.may(permission, "alder")
    else:
        with pytest.raises(RefusedError, match=rf"{role}.*{permission.value}.*biller"):
            require(actor, permission, "alder")
        assert not actor.may(permission, "alder")


def test_an_assignment_holds_those_who_are_not_of_all_tenants() -> None:
    biller = Actor.of("jane", "biller", frozenset({"birch"}))
    require(biller, CLEAR, "birch")
    with pytest.raises(RefusedError, match="not assigned to tenant alder"):
        require(biller, CLEAR, "alder")
    require(Actor.of("olga", "privacy_officer", frozenset({"birch"})), CLEAR, "alder")


def test_an_unknown_role_names_those_there_are() -> None:
    with pytest.raises(UnknownRoleError, match=r"one of analyst, .*privacy_officer"):
        Actor.of("jane", "king")
