"""What becomes of edits made at the service, as an administrator writes it."""

from ldap2scim.model import ResourceType
from ldap2scim.planning.drift_policy import DriftPolicy, Repair
from ldap2scim.settings import digest
from tests.settings.texts import NATIVE, Failing, Loader

WRITTEN = """
drift:
  default: report
  user:
    title: keep
    name:
      familyName: overwrite
    emails: keep
    department: keep
  group:
    members: keep
    displayName: overwrite
"""
MISTAKEN = """
drift:
  default: ignore
  user:
    titel: keep
    title: maybe
  group:
    members: never
  robots: keep
"""


def test_each_attribute_has_its_policy(native: Loader) -> None:
    """What is named has its own, the rest the default; the rows say where each comes from."""
    settings = native(NATIVE + WRITTEN)
    policy = settings.drift
    said = {path: policy.of(ResourceType.USER, path) for path in ("title", "name.family_name", "emails", "user_name")}
    assert said == {
        "title": Repair.KEEP, "name.family_name": Repair.OVERWRITE, "emails": Repair.KEEP, "user_name": Repair.REPORT,
    }  # fmt: skip
    assert policy.of(ResourceType.USER, "enterprise.department") is Repair.KEEP
    assert policy.of(ResourceType.GROUP, "members") is Repair.KEEP
    assert policy.of(ResourceType.GROUP, "display_name") is Repair.OVERWRITE
    assert any(row.path == "drift.user.title" and row.shown == "keep" for row in settings.rows)


def test_unwritten(native: Loader) -> None:
    """Without the block everything is overwritten, and the digest of settings is what it was."""
    plain, written = native(NATIVE), native(NATIVE + "drift:\n  default: overwrite\n")
    assert plain.drift == DriftPolicy()
    assert digest(plain) == digest(written) != digest(native(NATIVE + WRITTEN))


def test_all_mistakes_at_once(problems: Failing, native: Loader) -> None:
    """Each wrong word is named with its line and key."""
    found = problems(native, NATIVE + MISTAKEN)
    for key in ("drift.default", "drift.user.titel", "drift.user.title", "drift.group.members", "drift.robots"):
        assert sum(f"`{key}`" in problem for problem in found) == 1, (key, found)
