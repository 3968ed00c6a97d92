"""What is wrong in `config.yml` and `secret.yml`: where, and what to write."""

import pytest

from ldap2scim.secret import Secret
from tests.settings.texts import CONFIG, SECRET, Failing, Loader, server


def test_an_array_on_its_keys_line_is_refused_with_the_correction(original: Loader, problems: Failing) -> None:
    """Both ways to write one, in both files, with line and column."""
    config = server("addresses:\n        - dc1.corp.example", "addresses: [dc1, dc2]")
    (problem,) = problems(original, config)
    assert problem.startswith("config.yml:5:18: `addresses` cannot be read: the list of `addresses` stands on its")
    assert problem.endswith("such as\n    addresses:\n      - dc1\n      - dc2")
    config = server("addresses:\n        - dc1.corp.example", "addresses: - dc1")
    assert problems(original, config)[0].startswith("config.yml:5:18: the list of `addresses` stands on its key's line")
    secret = SECRET.replace("t0ken", "[t0ken]")
    found = problems(original, CONFIG, secret)
    assert any(problem.startswith("secret.yml:8:12: `iid.scim.token` must be a text") for problem in found)
    assert "t0ken" not in "".join(found)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("base_dn", "basedn", "did you mean `base_dn`?"),
        ("encryption: start_tls", "encryption: tls", "known are none, start_tls, ldaps"),
        ("encryption: start_tls", "timeout: 36001", "from 1 to 36000"),
        ("verify_mode: true", "verify_mode: maybe", "must be true or false"),
        ("externalId:", "externalID:", "did you mean `externalId`?"),
        ("ad_bind", "adbind", "did you mean `ad_bind`?"),
        ("iid:", "log:\n  loglevel: trace\niid:", "known are error, warn, info, debug"),
        (
            "    base_dn",
            "    search:\n      group:\n        member_user_attr: cn\n    base_dn",
            "must be `dn` or `uid`",
        ),
        ("    base_dn", "    filter:\n      user: 'a=(b'\n    base_dn", "is no LDAP filter"),
        ("  scim:", "  scim:\n    filter:\n      group: 'displayName'\n", "is no SCIM filter"),
        (
            "  scim:",
            "  scim:\n    http:\n      proxy:\n        use: true\n        address: p\n",
            "`iid.scim.http.proxy.port`",
        ),
        (
            "  scim:",
            "  scim:\n    http:\n      proxy:\n        use: true\n        port: 1\n",
            "`iid.scim.http.proxy.address`",
        ),
        ("\niid:", "\nlpad2scim:\n  state: x\niid:", "did you mean `ldap2scim`?"),
    ],
)
def test_what_is_wrong_is_named(original: Loader, problems: Failing, old: str, new: str, message: str) -> None:
    """Unknown keys with the nearest known one, wrong words, ranges and filters, each with its place."""
    found = problems(original, server(old, new))
    assert any(message in problem for problem in found)
    assert all(problem.startswith("config.yml:") for problem in found)


def test_a_login_that_is_mapped_from_nothing_names_the_key_to_write(original: Loader, problems: Failing) -> None:
    """`required` is no key of this form; and a login that was refused for what it says is one problem, not two."""
    (problem,) = problems(original, server("          userName: userPrincipalName\n", ""))
    assert problem.startswith("config.yml:13:5: `iid.scim.attribute.user.ad_bind.userName` is required")
    assert problem.endswith("so every entry would be held; write it.")
    (problem,) = problems(original, server("userName: userPrincipalName", "userName: '%{mail}'"))
    assert "`%{mail}` is no LDAP name" in problem


def test_problems_of_both_files_come_at_once(original: Loader, problems: Failing) -> None:
    """One list for `config.yml` and `secret.yml`."""
    found = problems(original, server("base_dn", "basedn"), SECRET.replace("token", "tokn"))
    assert [problem.partition(":")[0] for problem in found] == ["config.yml", "config.yml", "config.yml", "secret.yml"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("password: open", "password: @open", "secret.yml:5:17: begins with `@`"),
        ("open", "'秘密'の", "secret.yml:5:21: does not fit the lines above it"),
        (SECRET, "# 秘密\n", "secret.yml: is empty"),
    ],
)
def test_a_secret_file_that_cannot_be_read_is_the_one_problem(
    original: Loader, problems: Failing, old: str, new: str, message: str
) -> None:
    """Nothing is called missing that may well stand in it."""
    (problem,) = problems(original, CONFIG, SECRET.replace(old, new))
    assert problem.startswith(message)


@pytest.mark.parametrize(
    ("secret", "expected"),
    [
        (
            "iid:\n  scim:\n    token:hunter2\nad:\n  ldap:\n    server:\n      password: hunter2\n",
            ["config.yml:12:3: `iid.scim.token` is missing", "secret.yml:3:5: `iid.scim` must be a block of keys"],
        ),
        (
            "iid:\n  scim:\n    token: hunter2\nad:\n  ldap:\n    server:\n      password：hunter2\n",
            [
                "config.yml:4:5: `ad.ldap.server.password` is missing",
                "secret.yml:7:7: `ad.ldap.server` must be a block",
            ],
        ),
    ],
)
def test_a_key_without_its_blank_is_no_key_written_twice(
    original: Loader, problems: Failing, secret: str, expected: list[str]
) -> None:
    """To YAML `token:abc` is a text; the message says how a key is written, and quotes nothing."""
    found = problems(original, CONFIG, secret)
    assert [problem[: len(start)] for problem, start in zip(found, expected, strict=True)] == expected
    assert found[1].endswith("not a text: behind a key come a `:` of half width and a blank.")
    assert "hunter2" not in " ".join(found)


def test_a_text_in_the_place_of_a_block_is_named_in_either_file(original: Loader, problems: Failing) -> None:
    """The block of the other file is read all the same, so that nothing in it is called missing."""
    (problem,) = problems(original, "log: info\n" + CONFIG, SECRET)
    assert problem == "config.yml:1:6: `log` must be a block of keys, not a text."
    config = CONFIG.replace("    server:\n", "    servers:\n").replace("  ldap:\n", "  ldap:\n    server: x\n")
    found = problems(original, config, SECRET)
    assert "config.yml:4:13: `ad.ldap.server` must be a block of keys, not a text." in found
    assert not any("password" in problem for problem in found)


def test_a_missing_secret_file_is_explained(original: Loader, problems: Failing) -> None:
    """The message says which keys are missing and where they are to be written."""
    found = problems(original, CONFIG, None)
    assert len(found) == 2
    assert all("in secret.yml, a file that does not exist yet" in problem for problem in found)


def test_a_value_in_both_files_is_refused(original: Loader, problems: Failing) -> None:
    """Which of the two counts would be a guess."""
    (problem,) = problems(original, server("user: 'CN", "password: other\n      user: 'CN"))
    assert problem == "secret.yml:5:7: `ad.ldap.server.password` is written in config.yml as well; keep one of them."


def test_secrets_may_come_from_the_environment_without_a_secret_file(original: Loader) -> None:
    """`${NAME}` in `config.yml` does for those who keep no secret on disk."""
    config = server("user: 'CN", "password: ${LDAP_PASSWORD}\n      user: 'CN") + "    token: ${SCIM_TOKEN}\n"
    settings = original(config, None)
    assert settings.service.token == Secret("t0ken")
    assert settings.notes == ()
