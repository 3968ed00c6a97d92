"""`service.assume`: what is known of a service, in place of what its profile assumes."""

import dataclasses
import re

import pytest

from ldap2scim.model import ResourceType
from ldap2scim.scim.assumptions import Assumptions
from ldap2scim.scim.habits import MemberRemovals, RestoreMethod, UpdateMethod, UserDeletion
from ldap2scim.scim.profiles import by_name, profile_of
from ldap2scim.scim.settings import Leavers
from ldap2scim.settings.effective import digest
from tests.settings.texts import NATIVE, Failing, Loader

URN = "urn:iij:params:scim:schemas:extension:enterprisejp:2.0:User"


def with_service(lines: str) -> str:
    """Return the least file with lines added to its service."""
    return NATIVE.replace("service:\n", "service:\n" + "".join(f"  {line}\n" for line in lines.splitlines()))


def test_nothing_said_is_the_profile_itself(native: Loader) -> None:
    """Profiles are compared by identity: layouts are kept by them."""
    assert profile_of(native().service) is by_name("generic")


def test_each_assumption_of_the_iij_id_service_can_be_disproved(native: Loader) -> None:
    """Restore, update, what DELETE means, and where attributes live; what is said is not unproven any more."""
    said = "profile: iij-id\nassume:\n  restore: activate\n  update: put\n  deletion: final\n  placements:\n"
    profile = profile_of(native(with_service(f"{said}    user: {{localNames: '{URN}'}}")).service)

    assert profile.restore is RestoreMethod.ACTIVATE
    assert {profile.update_of(kind) for kind in ResourceType} == {UpdateMethod.PUT}
    assert profile.user_deletion is UserDeletion.FINAL
    assert [step.state.value for step in profile.removal] == ["deactivated", "deleted"]
    assert profile.placements[ResourceType.USER]["local_names"] == URN
    assert profile.placements[ResourceType.USER]["subject"] == URN
    assert profile.unproven == {}
    assert set(by_name("iij-id").unproven) == {"restore", "update", "deletion", "placements"}


def test_what_a_probe_prints_can_be_stored(native: Loader) -> None:
    """Every key has its place in the profile."""
    block = """assume:
  group_update: patch
  listing: search
  paging: cursor
  page_size: 50
  members_per_request: 10
  bytes_per_request: 1000
  patch_paths: in-value
  member_additions: one-each
  member_removals: by-value
  members_shown: nowhere
  external_id_filter: true
  nested_groups: false
  ignored:
    user: [title, name.formatted, emails]
  most_members: 7
  unique_email: true
  longest:
    user: {userName: 64, name.familyName: 20}
    group: {displayName: 30}
"""
    service = native(with_service(block)).service
    profile = profile_of(service)

    assert profile.guidance.longest == {
        ResourceType.USER: {"user_name": 64, "name.family_name": 20},
        ResourceType.GROUP: {"display_name": 30},
    }
    assert (profile.guidance.most_members, profile.guidance.unique_email) == (7, True)
    assert profile.update_of(ResourceType.USER) is by_name("generic").update
    assert profile.member_removals is MemberRemovals.BY_VALUE
    assert (profile.page_size, profile.members_per_request, profile.bytes_per_request) == (50, 10, 1000)
    assert profile.trusted_external_id_filter
    assert not profile.nested_groups
    assert profile.ignored[ResourceType.USER] == {"title", "name.formatted", "emails"}
    unsaid = {one.name for one in dataclasses.fields(Assumptions)} - {"restore", "update", "deletion", "placements"}
    changed = {name for name in unsaid if getattr(service.assume, name) not in (None, ())}
    assert changed == unsaid


def test_assumptions_shape_a_plan(native: Loader) -> None:
    """A plan that was reviewed under other ones is another plan."""
    assert digest(native()) != digest(native(with_service("assume: {update: put}")))


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("assume: {restore: post, updat: put}", "`service.assume.updat`.*did you mean `update`"),
        ("assume: {update: pach}", "`service.assume.update`.*did you mean `patch`"),
        ("assume: {ignored: {user: [titel]}}", "titel.*did you mean `title`"),
        ("assume: {ignored: {user: [userName]}}", "userName.*no synchronisation can do without"),
        ("assume: {placements: {user: {subject: acme}}}", "must be the URN of a schema"),
        ("assume: {page_size: 0}", "from 1 to 10000"),
    ],
)
def test_what_cannot_be_is_refused_with_its_place(native: Loader, problems: Failing, line: str, told: str) -> None:
    """File, line and the nearest key."""
    assert any(re.search(told, problem) for problem in problems(native, with_service(line)))


def test_a_removal_that_nobody_can_undo_must_be_allowed_in_as_many_words(native: Loader, problems: Failing) -> None:
    """GitHub's DELETE suspends somebody for good; Slack has nothing but deactivation."""
    lines = "profile: github-emu\nleavers: delete"

    assert any("nobody can undo" in problem for problem in problems(native, with_service(lines)))
    assert native(with_service(f"{lines}\nirreversible: allow")).service.leavers is Leavers.DELETE
    assert native(with_service("profile: github-emu")).service.leavers is Leavers.DEACTIVATE
    assert any(
        "write `deactivate`" in problem for problem in problems(native, with_service("profile: slack\nleavers: delete"))
    )
