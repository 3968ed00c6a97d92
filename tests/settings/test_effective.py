"""What `ldap2scim settings` shows, and the digests that tell whether settings changed."""

import pytest

from ldap2scim.settings import digest, mapping_digest, rows
from tests.settings.texts import CONFIG, NATIVE, SECRET, Loader


def test_rows_say_where_each_setting_comes_from(native: Loader, tmp_path: object) -> None:
    """File and line, default, environment, or profile."""
    text = NATIVE.replace("base_url: https://scim.example.com/v2", "profile: iij-id\n  token: ${SCIM_TOKEN}")
    found = {row.path: (row.shown, row.origin) for row in rows(native(text + "mapping: {user: {userName: mail}}\n"))}
    file = f"{tmp_path}/ldap2scim.yml"
    assert found["directories.main.kind"] == ("openldap", f"{file}:4")
    assert found["directories.main.port"] == ("389", "default")
    assert found["directories.main.bind_dn"] == ("–", "default")
    assert found["service.base_url"] == ("https://scim.auth.iij.jp/scim/v2", "profile iij-id")
    assert found["service.token"] == ("***", f"environment SCIM_TOKEN ({file}:9)")
    assert found["directories.main.mapping.user.userName"] == ("mail", f"{file}:10")
    assert found["directories.main.mapping.user.displayName"] == ("displayName or cn", "default")
    assert found["safety.users.percent"] == ("5", "default")


def test_rows_of_the_original_name_its_own_keys(original: Loader, tmp_path: object) -> None:
    """Whoever stays with `config.yml` finds its keys, and secrets at `secret.yml`."""
    found = {row.path: row for row in rows(original())}
    assert found["ad.ldap.server.password"].shown == "***"
    assert found["ad.ldap.server.password"].origin == f"{tmp_path}/secret.yml:5"
    assert found["iid.scim.attribute.user.userName"].shown == "userPrincipalName"
    assert found["ldap2scim.service.leavers"].origin == "profile iij-id"


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("dc=example,dc=com", "dc=example,dc=org"),
        ("ldap.example.com", "ldap2.example.com"),
        ("  main:", "  other:"),
        ("service:", "service:\n  leavers: delete"),
        ("service:", "service:\n  filter: {user: userName pr}"),
        ("service:", "mapping: {user: {title: job}}\nservice:"),
        ("service:", "mapping: {user: {title: {from: title, convert: {pattern: a, replacement: b}}}}\nservice:"),
        ("service:", "safety: {protected: [boss]}\nservice:"),
        ("    base_dn", "    users: {filter: cn=a}\n    base_dn"),
        ("    base_dn", "    groups: {nesting: flatten}\n    base_dn"),
        ("    base_dn", "    guid_form: base64\n    base_dn"),
        ("    base_dn", "    lockout_duration: 15m\n    base_dn"),
        ("    base_dn", "    authentication: kerberos\n    base_dn"),
    ],
)
def test_what_shapes_a_plan_changes_the_digest(native: Loader, old: str, new: str) -> None:
    """Directories, filters, mappings, the service and the safety policy count."""
    assert digest(native(NATIVE.replace(old, new))) != digest(native())


@pytest.mark.parametrize(
    "text",
    [
        NATIVE + "  token: ${SCIM_TOKEN}\n",
        NATIVE + "  concurrency: 2\n  timeout: 5\n",
        NATIVE + "state: {path: /else/where.db}\nlog: {level: debug}\nschedule: {cron: '0 0 * * *'}\n",
        NATIVE.replace("    base_dn", "    page_size: 7\n    ca_file: ldap2scim.yml\n    base_dn"),
        NATIVE.replace("    base_dn", "    full_read_every: 0\n    base_dn"),
        NATIVE.replace("base_dn: dc", "base_dn:   dc") + "\n# a comment\n",
    ],
)
def test_what_does_not_shape_a_plan_leaves_the_digest(native: Loader, text: str) -> None:
    """Secrets, paths of the state, logging and the transport may change under a plan."""
    assert digest(native(text)) == digest(native())


def test_the_digest_is_the_same_on_any_machine(native: Loader) -> None:
    """A plan reviewed elsewhere names the same digest: it is a SHA-256 of canonical JSON, without paths."""
    assert digest(native()) == "cbf08fd8d79a2385f98875756fb307a131bbb665936dce80c81659e22e8af782"


def test_the_mapping_digest_is_of_one_directory(native: Loader, original: Loader) -> None:
    """A filter, or another directory's mapping, does not make unchanged entries map again."""
    two = NATIVE.replace("service:", "  b: {kind: generic, addresses: [x], base_dn: dc=b}\nservice:")
    settings = native(two)
    changed = native(two.replace("base_dn: dc=b", "base_dn: dc=b, mapping: {user: {title: job}}"))
    assert mapping_digest(settings, "main") == mapping_digest(changed, "main")
    assert mapping_digest(settings, "b") != mapping_digest(changed, "b")
    for added in ("guid_form: base64", "lockout_duration: 15m"):
        other = native(two.replace("base_dn: dc=b", f"base_dn: dc=b, {added}"))
        assert mapping_digest(settings, "b") != mapping_digest(other, "b")
    filtered = native(two.replace("base_dn: dc=b", "base_dn: dc=b, users: {filter: cn=a}"))
    assert mapping_digest(settings, "b") == mapping_digest(filtered, "b")
    assert mapping_digest(original(CONFIG, SECRET), "ad") == mapping_digest(original(CONFIG, SECRET), "ad")
