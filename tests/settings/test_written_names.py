"""Settings are called what is written, whatever their digests are kept under."""

import re

import pytest

from ldap2scim.settings import changed_settings, digests, rows, written_names
from tests.settings.texts import CONFIG, NATIVE, Loader

TWO = "  b: {kind: generic, addresses: [x], base_dn: dc=b}\nservice:"


def names(load: Loader, old: str, new: str) -> tuple[str, ...]:
    """Return what is said to have changed."""
    before, after = load(old), load(new)
    return written_names(after, changed_settings(digests(before), digests(after)))


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("    base_dn", "    users: {filter: cn=a}\n    base_dn", "directories.main.users.filter"),
        ("    base_dn", "    groups: {nesting: flatten}\n    base_dn", "directories.main.groups.nesting"),
        ("dc=example,dc=com", "dc=example,dc=org", "directories.main.base_dn"),
        ("service:", "service:\n  filter: {user: userName pr}", "service.filter.user"),
        ("service:", "service:\n  assume: {page_size: 50}", "service.assume.page_size"),
        ("service:", "mapping: {user: {name: {givenName: cn}}}\nservice:",
         "directories.main.mapping.user.name.givenName"),
        ("service:", "mapping: {user: {employeeNumber: uid}}\nservice:",
         "directories.main.mapping.user.enterprise.employeeNumber"),
        ("service:", "safety: {protected: [boss]}\nservice:", "safety.protected"),
        ("service:", "safety: {by: {department: {attribute: title}}}\nservice:", "safety.by.department.attribute"),
        ("service:", "drift: {user: {title: keep}}\nservice:", "drift.user.title"),
    ],
)  # fmt: skip
def test_names_are_those_of_the_file(native: Loader, old: str, new: str, name: str) -> None:
    """What is said to have changed can be looked up in `ldap2scim.yml`, and is shown so by `settings`."""
    assert name in names(native, NATIVE, NATIVE.replace(old, new))


def test_a_new_mapping_is_one_change(native: Loader) -> None:
    """Nothing is named that nobody wrote, though a rule has more parts than its source."""
    added = "mapping: {user: {nickName: sn}}\nservice:"
    assert names(native, NATIVE, NATIVE.replace("service:", added)) == ("directories.main.mapping.user.nickName",)


def test_a_new_directory_is_one_change(native: Loader) -> None:
    """All that is said of it came with it."""
    found = names(native, NATIVE, NATIVE.replace("service:", TWO))
    assert found == ("directories.b", "order of directories")


@pytest.mark.parametrize("form", ["native", "original"])
def test_every_place_has_a_name_that_settings_shows(form: str, native: Loader, original: Loader) -> None:
    """Of each place there is a digest of, the name is one of those that `ldap2scim settings` prints, or its block."""
    settings = native() if form == "native" else original()
    shown = {row.path for row in rows(settings)}
    blocks = {path.rpartition(".")[0] for path in shown} | {re.sub(r"\.[^.]*\.[^.]*$", "", path) for path in shown}
    found = written_names(settings, [place for place in digests(settings) if not place.endswith(".name")])
    unsaid = {name for name in found if name not in shown | blocks and not name.endswith(".exclude")}
    # Of single groups only removals and the least numbers can be set.
    assert {name for name in unsaid if ".by.group." not in name} <= {"order of directories"}


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("    base_dn: ", "    filter: {user: cn=a}\n    base_dn: ", "ad.ldap.filter.user"),
        ("dc1.corp", "dc2.corp", "ad.ldap.server.addresses"),
        ("    attribute:", "    filter: {group: displayName pr}\n    attribute:", "iid.scim.filter.group"),
        ("userPrincipalName", "mail", "iid.scim.attribute.user.userName"),
        ("iid:", "ldap2scim: {service: {leavers: deactivate}}\niid:", "ldap2scim.service.leavers"),
        ("iid:", "ldap2scim: {directory: {nesting: flatten}}\niid:", "ldap2scim.directory.nesting"),
        ("iid:", "ldap2scim: {safety: {update_percent: 9}}\niid:", "ldap2scim.safety.update_percent"),
    ],
)
def test_names_of_the_original_are_its_own(original: Loader, old: str, new: str, name: str) -> None:
    """Whoever stays with `config.yml` is told its keys."""
    assert old in CONFIG
    assert names(original, CONFIG, CONFIG.replace(old, new)) == (name,)
