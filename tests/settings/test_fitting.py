"""Mappings are cut down to what the service keeps."""

from ldap2scim.model import ResourceType
from ldap2scim.scim.profiles import by_name
from ldap2scim.settings.effective import digest
from tests.settings.texts import NATIVE, Loader


def mapped(native: Loader, profile: str, mapping: str = "") -> tuple[set[str], tuple[str, ...]]:
    """Return the user attributes that are synchronised at a service of a profile, and the notes."""
    settings = native(NATIVE.replace("service:", f"{mapping}service:\n  profile: {profile}"))
    (directory,) = settings.directories
    user = directory.mappings.user
    return {*user.single, *user.multi}, settings.notes


def test_what_the_service_drops_is_not_synchronised(native: Loader) -> None:
    """GitHub knows a handful of attributes; the rest is neither sent nor compared, and nothing is said of defaults."""
    everywhere, _ = mapped(native, "generic")
    at_github, notes = mapped(native, "github-emu")

    assert {"user_name", "external_id", "name.family_name", "emails"} <= at_github
    assert at_github < everywhere
    assert not {
        path for path in at_github if path.partition(".")[0] in by_name("github-emu").ignored[ResourceType.USER]
    }
    assert notes == ()


def test_what_was_mapped_for_nothing_is_said_with_its_place(native: Loader) -> None:
    """An administrator wrote it, and would wait for it in vain."""
    _, notes = mapped(native, "github-emu", "mapping:\n  user:\n    nickName: cn\n")

    (note,) = notes
    assert "ldap2scim.yml:9:" in note
    assert "`nickName` is not sent: a user at a service of `github-emu`" in note


def test_the_settings_may_name_what_is_dropped(native: Loader) -> None:
    """Sub-attributes of one value and of each of several."""
    text = NATIVE.replace(
        "service:",
        "mapping:\n  user:\n    name.formatted: cn\n    emails: [{value: mail, type: {default: work}}]\n"
        "service:\n  assume: {ignored: {user: [name.formatted, title]}}",
    )
    (directory,) = native(text).directories

    assert "name.family_name" in directory.mappings.user.single
    assert not {"name.formatted", "title"} & set(directory.mappings.user.single)


def test_a_service_with_one_value_gets_one(native: Loader) -> None:
    """The mapping says so, and the mapper keeps the primary one."""
    settings = native(NATIVE.replace("service:", "service:\n  profile: aws"))

    assert settings.directories[0].mappings.user.one_value <= by_name("aws").one_value
    assert "emails" in settings.directories[0].mappings.user.one_value
    assert digest(settings) != digest(native())
