"""The original's form: `config.yml` with `secret.yml` beside it (DESIGN P7)."""

from datetime import timedelta
from pathlib import Path

import pytest

from ldap2scim.directory.settings import DirectoryKind, Encryption, MemberReference, Nesting
from ldap2scim.mapping.spec import ItemRule, ResourceMapping, ValueRule
from ldap2scim.model import GuidForm
from ldap2scim.planning.policy import SafetyPolicy
from ldap2scim.scim.settings import Leavers, ProxySettings
from ldap2scim.secret import Secret
from ldap2scim.settings import LogLevel
from ldap2scim.settings.original_directory import edition
from ldap2scim.state.location import StateFile
from tests.settings.texts import CONFIG, SECRET, Failing, Loader


def server(old: str, new: str) -> str:
    """Return the least `config.yml` with a line changed."""
    assert old in CONFIG
    return CONFIG.replace(old, new)


def user_mapping(original: Loader, lines: str) -> ResourceMapping:
    """Return the mapping of users with lines added below `iid.scim.attribute.user`."""
    return original(with_user_lines(lines)).directories[0].mappings.user


def with_user_lines(lines: str) -> str:
    """Return the least `config.yml` with lines added below `iid.scim.attribute.user`."""
    return CONFIG + "".join(f"        {line}\n" for line in lines.splitlines())


def test_the_least_pair_of_files(original: Loader, tmp_path: Path) -> None:
    """One directory called `ad`, the IIJ ID Service, and nothing mapped but what is written."""
    settings = original()
    (directory,) = settings.directories
    assert (directory.settings.name, directory.settings.kind) == ("ad", DirectoryKind.ACTIVE_DIRECTORY)
    assert directory.settings.bind_password == Secret("open sesame")
    assert directory.settings.answer_timeout == 3600
    assert (directory.settings.user_object_class, directory.settings.group_object_class) == ("user", "group")
    assert directory.mappings.user.single == {
        "external_id": ValueRule(("objectGUID",)),
        "user_name": ValueRule(("userPrincipalName",)),
        "active": ValueRule(default=True),
    }
    assert ("iid.scim.attribute.user.active", "always true", "default") in [
        (row.path, row.shown, row.origin) for row in settings.rows
    ]
    assert settings.service.profile == "iij-id"
    assert settings.service.base_url == "https://scim.auth.iij.jp/scim/v2"
    assert settings.service.token == Secret("t0ken")
    assert settings.service.leavers is Leavers.DELETE
    assert settings.state == StateFile(tmp_path / "state" / "ldap2scim.db")
    assert settings.notes == ()


def test_unwritten_protection_is_the_safe_one(original: Loader) -> None:
    """An unwritten `encryption` is not `none`, an unwritten `verify_mode` means verified; both are noted."""
    settings = original(server("      encryption: start_tls\n      verify_mode: true\n", ""))
    found = settings.directories[0].settings
    assert (found.encryption, found.verify_certificate) == (Encryption.UNWRITTEN, True)
    assert ["encryption: none" in note for note in settings.notes] == [True, False]
    plain = original(server("      encryption: start_tls\n      verify_mode: true\n", "      encryption: none\n"))
    assert plain.notes == (), "there is no certificate to verify"


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("encryption: start_tls", Encryption.START_TLS),
        ("encryption: start_tls\n      port: 389", Encryption.START_TLS),
        ("encryption: start_tls\n      port: 636", Encryption.LDAPS),
        ("encryption: start_tls\n      port: 3269", Encryption.LDAPS),
        ("encryption: none\n      port: 636", Encryption.NONE),
        ("encryption: none", Encryption.NONE),
    ],
)
def test_start_tls_on_a_tls_port_means_ldaps(original: Loader, lines: str, expected: Encryption) -> None:
    """The original has no word for LDAPS; its users write `start_tls` and the port."""
    assert original(server("encryption: start_tls", lines)).directories[0].settings.encryption is expected


@pytest.mark.parametrize(
    ("lines", "port"), [("encryption: ldaps", 636), ("encryption: ldaps\n      port: 389", 389), ("timeout: 9", 389)]
)
def test_our_word_for_ldaps_brings_its_port(original: Loader, lines: str, port: int) -> None:
    """As in the native form: TLS from the first octet is nowhere spoken on 389, where none is written."""
    assert original(server("encryption: start_tls", lines)).directories[0].settings.port == port


def test_addresses_with_their_own_port_are_judged_later(original: Loader) -> None:
    """Where one address has another port, StartTLS stays written and each connection decides."""
    config = server("dc1.corp.example", "dc1.corp.example:389").replace("start_tls", "start_tls\n      port: 636")
    assert original(config).directories[0].settings.encryption is Encryption.START_TLS


def test_verify_mode_is_read(original: Loader) -> None:
    """`verify_mode: false` is taken where it is written out."""
    assert (
        original(server("verify_mode: true", "verify_mode: false")).directories[0].settings.verify_certificate is False
    )


def test_the_openldap_edition_is_recognised(original: Loader) -> None:
    """Classes and member attribute of `search` make it OpenLDAP, anchored by entryUUID."""
    config = server(
        "    base_dn:",
        "    search:\n      user:\n        object_class: posixAccount\n"
        "      group:\n        object_class: posixGroup\n        member_attribute: memberUid\n"
        "        member_user_attribute: uid\n    base_dn:",
    ).replace("objectGUID", "entryUUID")
    found = original(config).directories[0].settings
    assert (found.kind, found.source_anchor) == (DirectoryKind.OPENLDAP, "entryUUID")
    assert (found.user_object_class, found.group_object_class) == ("posixAccount", "posixGroup")
    assert (found.member_attribute, found.member_reference) == ("memberUid", MemberReference.UID)


@pytest.mark.parametrize(
    ("classes", "member", "sources", "kind"),
    [
        ({"User", "Group"}, "member", {"objectGUID"}, DirectoryKind.ACTIVE_DIRECTORY),
        ({"user", "group"}, "member", {"mail"}, DirectoryKind.ACTIVE_DIRECTORY),
        ({"user", "group"}, "member", {"mail", "msDS-PhoneticLastName"}, DirectoryKind.ACTIVE_DIRECTORY),
        ({"user", "group"}, "member", {"uid", "mail"}, DirectoryKind.OPENLDAP),
        ({"inetOrgPerson", "group"}, "member", {"objectGUID"}, DirectoryKind.OPENLDAP),
        ({"user", "group"}, "uniqueMember", set(), DirectoryKind.OPENLDAP),
    ],
)
def test_the_rule_of_the_editions(classes: set[str], member: str, sources: set[str], kind: DirectoryKind) -> None:
    """A class that Active Directory does not have decides; else the attributes that are read."""
    assert edition(frozenset(classes), member, frozenset(sources)) is kind


@pytest.mark.parametrize("key", ["member_user_attr", "member_user_attribute", "member_user_attribute_name"])
def test_the_half_known_key_is_taken_by_its_beginning(original: Loader, key: str) -> None:
    """Of `member_user_attr…` the manual shows the beginning only."""
    config = server("    base_dn:", f"    search:\n      group:\n        {key}: dn\n    base_dn:")
    assert original(config).directories[0].settings.member_reference is MemberReference.DN


def test_a_list_of_sources_is_kept_in_order(original: Loader) -> None:
    """A list under a single attribute means the first that has a value."""
    mapping = user_mapping(original, "  downstreamId:\n    - mS-DS-ConsistencyGuid\n    - objectGUID")
    assert mapping.single["downstream_id"].sources == ("mS-DS-ConsistencyGuid", "objectGUID")


def test_defaults_stand_alone_or_behind_a_source(original: Loader) -> None:
    """`default` alone is a fixed value; beside `ad_bind` it is used where the source is empty."""
    mapping = user_mapping(
        original,
        "  preferredLanguage: preferredLanguage\ndefault:\n  preferredLanguage: 'ja-JP'\n  timezone: 'Asia/Tokyo'\n"
        "  idTokenClaims:\n    issuer: 'https://sts'\n  department: 0042\n  active: true\n  title: ''",
    )
    assert mapping.single["preferred_language"] == ValueRule(("preferredLanguage",), "ja-JP")
    assert mapping.single["timezone"] == ValueRule(default="Asia/Tokyo")
    assert mapping.single["id_token_claims.issuer"] == ValueRule(default="https://sts")
    assert mapping.single["enterprise.department"] == ValueRule(default="0042")
    assert mapping.single["active"] == ValueRule(default=True)
    assert "title" not in mapping.single


def test_parallel_arrays_belong_together_by_position(original: Loader) -> None:
    """`null` skips a place; the n-th value has the n-th default."""
    settings = original(
        with_user_lines(
            "  phoneNumbers:\n    - value: telephoneNumber\n    - null\n    - value: mobile\n"
            "default:\n  phoneNumbers:\n    - type: work\n      primary: true\n    - null\n    - type: mobile"
        )
    )
    assert settings.directories[0].mappings.user.multi["phone_numbers"] == (
        ItemRule(
            {
                "value": ValueRule(("telephoneNumber",)),
                "type": ValueRule(default="work"),
                "primary": ValueRule(default=True),
            }
        ),
        ItemRule({"value": ValueRule(("mobile",)), "type": ValueRule(default="mobile")}),
    )
    assert settings.notes == ()


def test_a_type_without_a_value_is_mapped_from_nothing(original: Loader) -> None:
    """It would take away every number that the service has; a fixed value beside it is another thing."""
    settings = original(
        with_user_lines("default:\n  phoneNumbers:\n    - type: work\n  emails:\n    - primary: true\n  title: x")
    )
    assert settings.directories[0].mappings.user.multi == {}
    assert settings.directories[0].mappings.user.single["title"] == ValueRule(default="x")
    assert [note.rpartition("user.default.")[2] for note in settings.notes] == [
        "phoneNumbers` has no effect: nothing is mapped to this attribute.",
        "emails` has no effect: nothing is mapped to this attribute.",
    ]
    fixed = user_mapping(original, "default:\n  phoneNumbers:\n    - value: 'tel:+81312345678'\n      type: work")
    assert list(fixed.multi) == ["phone_numbers"]


def test_unequal_arrays_are_noted(original: Loader) -> None:
    """Order and count should agree; where they do not, an administrator hears of it."""
    (note,) = original(
        with_user_lines("  emails:\n    - value: mail\ndefault:\n  emails:\n    - primary: true\n    - type: home")
    ).notes
    assert "`iid.scim.attribute.user.default.emails` has 2 places where" in note


@pytest.mark.parametrize(
    "convert",
    [
        "    - pattern: '\\z'\n      replacement: '@example.jp'",
        "    pattern: '\\z'\n    replacement: '@example.jp'",
    ],
)
def test_conversions_are_rubys(original: Loader, convert: str) -> None:
    r"""`\z` appends a domain, as the manual shows."""
    rule = user_mapping(original, f"convert:\n  userName:\n{convert}").single["user_name"]
    (conversion,) = rule.conversions
    assert conversion.pattern.sub(conversion.replacement, "taro") == "taro@example.jp"


def test_conversions_of_lists(original: Loader) -> None:
    """They stand by position under a sub-attribute, or without positions for every value."""
    binds = "  phoneNumbers:\n    - value: telephoneNumber\n    - value: mobile\nconvert:\n  phoneNumbers:\n"
    pattern = "pattern: '\\A0'\n{0}replacement: '+81'"
    every = user_mapping(original, binds + "    - " + pattern.format(" " * 6))
    assert [len(item.sub_attributes["value"].conversions) for item in every.multi["phone_numbers"]] == [1, 1]
    second = user_mapping(original, binds + "    - null\n    - value:\n        - " + pattern.format(" " * 10))
    assert [len(item.sub_attributes["value"].conversions) for item in second.multi["phone_numbers"]] == [0, 1]


def test_exclusions(original: Loader) -> None:
    """`exclude.ims[].value` drops messengers; `exclude` of groups puts groups out of scope."""
    mapping = user_mapping(
        original, "  ims:\n    - value: ipPhone\nexclude:\n  ims:\n    - value: none\n    - null\n    - value: '0'"
    )
    assert mapping.exclude == {"ims": frozenset({"none", "0"})}
    groups = CONFIG + (
        "      group:\n        ad_bind:\n          displayName: name\n"
        "        exclude:\n          displayName:\n            - Guests\n            - Domain Users\n"
    )
    found = original(groups).directories[0].mappings.group
    assert found.exclude == {"display_name": frozenset({"Guests", "Domain Users"})}
    assert found.single["external_id"] == ValueRule(("objectGUID",))


def test_name_active_is_understood(original: Loader) -> None:
    """An FAQ of the original prints `name.active`; it means `active`."""
    mapping = user_mapping(original, "  name:\n    familyName: sn\n    active:\n      - userAccountControl")
    assert mapping.single["active"].sources == ("userAccountControl",)
    assert mapping.single["name.family_name"].sources == ("sn",)


def test_the_proxy(original: Loader) -> None:
    """It is used where `use` is true, and its password comes from `secret.yml`."""
    keys = ("use: {}", "address: proxy.example.jp", "port: 8080", "user: me")
    proxy = "    http:\n      proxy:\n" + "".join(f"        {key}\n" for key in keys)
    secret = SECRET + "    http:\n      proxy:\n        password: let me in\n"
    used = original(CONFIG + proxy.format("true"), secret).service.proxy
    assert used == ProxySettings("http://proxy.example.jp:8080", "me", Secret("let me in"))
    assert original(CONFIG + proxy.format("false"), secret).service.proxy is None
    empty = "    http:\n      proxy:\n        use: false\n        address: ''\n        port: ''\n        user: ''\n"
    unused = original(CONFIG + empty, SECRET + "    http:\n      proxy:\n        password: ''\n")
    assert unused.service.proxy is None


def test_the_other_keys(original: Loader) -> None:
    """Log level, filters, timeout and the keys without effect here are all read."""
    config = (
        server("    base_dn", "    filter:\n      user: 'CN=IIJ Taro'\n      group: '!(cn=*)'\n    base_dn")
        .replace("      user: 'CN=sync", "      timeout: 10800\n      user: 'CN=sync")
        .replace("    base_dn", "    cache_disabled: true\n    base_dn")
    )
    settings = original(
        config + "    filter:\n      group: 'displayName eq \"\"'\n      user: 'userName pr'\n"
        "log:\n  loglevel: warn\n  logger: syslog\n"
    )
    found = settings.directories[0].settings
    assert (found.user_filter, found.group_filter, found.answer_timeout) == ("CN=IIJ Taro", "!(cn=*)", 10800)
    assert (settings.service.user_filter, settings.service.group_filter) == ("userName pr", 'displayName eq ""')
    assert settings.log_level is LogLevel.WARN


@pytest.mark.parametrize(
    ("ldap", "scim", "synchronises"),
    [
        ("!(cn=*)", 'displayName eq ""', False),
        ("(!(cn=*))", 'displayName  eq ""', False),
        ("!(cn=*)", 'displayName eq "x"', True),
        ("cn=*", 'displayName eq ""', True),
    ],
)
def test_only_the_pair_of_filters_means_no_groups(
    original: Loader, ldap: str, scim: str, *, synchronises: bool
) -> None:
    """The manual's two filters together say that groups are not synchronised; one alone does not."""
    config = server("    base_dn", f"    filter:\n      group: '{ldap}'\n    base_dn")
    assert original(f"{config}    filter:\n      group: '{scim}'\n").synchronises_groups is synchronises


def test_our_block(original: Loader, tmp_path: Path) -> None:
    """What the original has no key for stands below `ldap2scim`."""
    (tmp_path / "ca.pem").touch()
    settings = original(
        CONFIG + "ldap2scim:\n  service:\n    profile: generic\n    base_url: https://scim.example.com\n"
        "    leavers: delete\n  state: my.db\n  safety:\n    update_percent: 12\n"
        "  directory:\n    ca_file: ca.pem\n    kind: generic\n    page_size: 10\n"
        "    nesting: flatten\n    guid_form: base64\n    full_read_every: 12h\n    lockout_duration: 15m\n"
    )
    assert (settings.service.profile, settings.service.leavers) == ("generic", Leavers.DELETE)
    assert settings.state == StateFile(tmp_path / "my.db")
    assert settings.safety == SafetyPolicy(update_percent=12)
    found = settings.directories[0].settings
    assert (found.ca_file, found.kind, found.page_size) == (tmp_path / "ca.pem", DirectoryKind.GENERIC, 10)
    assert (found.nesting, found.guid_form) == (Nesting.FLATTEN, GuidForm.BASE64)
    assert (found.full_read_every, found.lockout_duration) == (timedelta(hours=12), timedelta(minutes=15))


def test_guids_are_for_microsoft_unless_written_otherwise(original: Loader) -> None:
    """The service of the original hands them on as immutable IDs; another profile has them hyphenated."""
    other = "ldap2scim:\n  service:\n    profile: generic\n    base_url: https://scim.example.com\n"
    written = "ldap2scim:\n  directory:\n    guid_form: hyphenated\n"
    forms = [original(CONFIG + added).directories[0].settings.guid_form for added in ("", other, written)]
    assert forms == [GuidForm.BASE64, GuidForm.HYPHENATED, GuidForm.HYPHENATED]


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
