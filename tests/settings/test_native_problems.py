"""What `ldap2scim.yml` may not say, what is noted of it, and how that is said."""

import pytest

from tests.settings.texts import NATIVE, Failing, Loader, with_directory


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("port: 0", "`directories.main.port` must be a whole number from 1 to 65535"),
        ("port: 1.5", "must be a whole number"),
        ("port: high", "must be a number, not a text"),
        ("verify_certificate: yes", "must be true or false, not a text"),
        ("encryption: unwritten", "`unwritten` is not known here; known are none, start_tls, ldaps"),
        ("users: inetOrgPerson", "`directories.main.users` must be a block of keys, not a text"),
        (
            "users: {filter: '(a=b'}",
            "ldap2scim.yml:6:21: `directories.main.users.filter` is no LDAP filter (RFC 4515): column 5",
        ),
        (
            "users: {filter: '(|(mail=*)(memberOf=idaas,dc=example))'}",
            "compares `memberOf` with `idaas,dc=example`, which is no DN (RFC 4514): column 1 of it: expected",
        ),
        (
            "groups: {filter: '!(memberOf:1.2.840.113556.1.4.1941:=cn=Sato\\2c T,dc=example)'}",
            "compares `memberOf` with `cn=Sato, T,dc=example`, which is no DN",
        ),
        ("users: {filter: 'manager=cn=\\ff,dc=example'}", "compares `manager` with a text that is not UTF-8"),
        ("bind_dn: cn=x", "`directories.main.bind_password` is missing beside `bind_dn`"),
        ("bind_password: ${LDAP_PASSWORD}", "`directories.main.bind_dn` is missing beside `bind_password`"),
        ("source_anchor: not a name", "is no LDAP name"),
        ("source_anchor: [mS-DS-ConsistencyGuid, objectGUID]", "must be one attribute: with a second one to fall back"),
        ("guid_form: guid", "known are hyphenated, base64"),
        ("groups: {nesting: deep}", "`deep` is not known; did you mean `keep`?"),
        ("full_read_every: 24", "must be a duration with its unit, from 0 to 31d"),
        ("full_read_every: 32d", "from 0 to 31d, such as `15m` or `24h`"),
        ("full_read_every: 999999999999d", "from 0 to 31d"),
        ("full_read_every: -1h", "must be a duration: a whole number and `s`, `m`, `h` or `d`"),
        ("lockout_duration: 15 minutes", "must be a duration"),
        ("lockout_duration: [15m]", "must be a text, not a list"),
        ("page_size: 0", "from 1 to 100000"),
        ("port: [1]", "must be a number, not a list"),
        ("source_anchor: {a: b}", "must be a text, not a block of keys"),
        ("source_anchor: true", "must be a text, not true or false"),
    ],
)
def test_what_is_wrong_with_a_directory(native: Loader, problems: Failing, lines: str, message: str) -> None:
    """A wrong type, range, word or half a bind is named with its key."""
    (problem,) = problems(native, with_directory(lines))
    assert message in problem


def test_a_key_that_is_written_is_not_the_one_that_was_meant(native: Loader, problems: Failing) -> None:
    """Beside a password nobody means the password by `bind_user`."""
    found = problems(native, with_directory("bind_user: cn=x\nbind_password: secret"))
    assert any("`directories.main.bind_user` is not known; did you mean `bind_dn`?" in one for one in found)


@pytest.mark.parametrize(
    ("address", "complaint"),
    [
        ("ldap://dc1", "is a URL; write the host name alone"),
        ("dc1:99999", "has no usable port"),
        ("dc1:ldap", "has no usable port"),
        ("dc 1", "is neither a host name nor an IP address"),
        ("[::1", "is neither a host name nor an IP address"),
    ],
)
def test_addresses_that_nobody_can_reach(native: Loader, problems: Failing, address: str, complaint: str) -> None:
    """An address is a host name or IP address, perhaps with a port."""
    text = NATIVE.replace("[ldap.example.com]", f"[ldap.example.com, '{address}', 'x y']")
    (problem,) = problems(native, text)
    assert complaint in problem
    assert "`x y`" in problem


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("profile: iij", "did you mean `iij-id`?"),
        ("leavers: remove", "known are delete, deactivate"),
        ("filter: {user: 'userName is x'}", "is no SCIM filter (RFC 7644 §3.4.2.2): column 10 of its text"),
        ("proxy: {url: 'http://me:secret@proxy'}", "must not hold a user or password"),
        ("proxy: {user: me}", "`service.proxy.url` is missing"),
        ("token: 'a b'", "must be one line of visible ASCII"),
        ("tokn: x", "did you mean `token`?"),
        ("concurrency: 1000", "from 1 to 256"),
    ],
)
def test_what_is_wrong_with_the_service(native: Loader, problems: Failing, line: str, message: str) -> None:
    """Each wrong key of the service is one problem on its line."""
    (problem,) = problems(native, f"{NATIVE}  {line}\n")
    assert problem.startswith("ldap2scim.yml:9:")
    assert message in problem


@pytest.mark.parametrize("url", ["scim.example.com", "ftp://x/", "https://", "https://x:99999/", "https://x/?a=b"])
def test_a_base_url_must_be_one(native: Loader, problems: Failing, url: str) -> None:
    """A URL that no client could use is refused."""
    (problem,) = problems(native, NATIVE.replace("https://scim.example.com/v2", f"'{url}'"))
    assert "`service.base_url`" in problem


def test_a_clear_base_url_is_noted(native: Loader) -> None:
    """Over http to another machine the token goes in clear; to this machine nothing is said."""
    (note,) = native(NATIVE.replace("https", "http")).notes
    assert "is not https" in note
    assert native(NATIVE.replace("https://scim.example.com", "http://127.0.0.1:8080")).notes == ()


def test_a_lockout_duration_without_locks_is_noted(native: Loader) -> None:
    """It is looked at where `active` is mapped from the locks alone."""
    (note,) = native(with_directory("lockout_duration: 15m")).notes
    assert "`directories.main.lockout_duration` has no effect: `active` is not mapped from pwdAccountLockedTime" in note
    mapped = "lockout_duration: 15m\nmapping: {user: {active: [pwdaccountlockedtime]}}"
    assert native(with_directory(mapped)).notes == ()


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("safety: {users: {percent: 101}}", "`safety.users.percent` must be a number from 0 to 100"),
        ("safety: {users: {least: 9, most: 8}}", "is 9 and above `most`"),
        ("safety: {protect: [x]}", "did you mean `protected`?"),
        ("safety: {attributes: {titel: 5}}", "`safety.attributes.titel` is not known; did you mean `title`?"),
        ("safety: {attributes: {title: 101}}", "`safety.attributes.title` must be a number from 0 to 100"),
        ("safety: {attributes: 5}", "`safety.attributes` must be a block of attributes and shares"),
        ("safety: {limits: {creates: {most: 5}}}", "did you mean `create`?"),
        ("safety: {limits: {rename: {most: -1}}}", "`safety.limits.rename.most` must be a whole number"),
        ("safety: {by: {unit: {removed: 5}}}", "did you mean `remove`?"),
        ("safety: {by: {group: {rename: 5}}}", "`safety.by.group.rename` "),
        ("safety: {by: {department: {attribute: emails}}}", "`safety.by.department.attribute` `emails` is not known"),
        ("safety: {privileged: {group: [x]}}", "did you mean `groups`?"),
        ("safety: {canary: {first: x}}", "`safety.canary.first` must be a number"),
        ("safety: {errors: {window: 0}}", "`safety.errors.window` must be a whole number from 1"),
        ("schedule: {cron: daily}", "five fields"),
        ("schedule: {timezone: Mars/North}", "is no time zone"),
        ("log: {level: verbose}", "known are error, warn, info, debug"),
        ("safty: {}", "did you mean `safety`?"),
        ("state: {path: [x]}", "must be a text, not a list"),
        ("mapping: [a]", "`mapping` must be a block of keys, not a list"),
    ],
)
def test_what_is_wrong_elsewhere(native: Loader, problems: Failing, block: str, message: str) -> None:
    """Each wrong key of the other blocks is one problem on its line."""
    (problem,) = problems(native, f"{NATIVE}{block}\n")
    assert problem.startswith("ldap2scim.yml:9:")
    assert message in problem


def test_all_problems_come_at_once_in_reading_order(native: Loader, problems: Failing) -> None:
    """An administrator corrects a file once, from the top."""
    text = NATIVE.replace("kind: openldap", "kind: x").replace("base_dn:", "base:") + "log: {levle: info}\n"
    places = [problem.split(" ", 1)[0] for problem in problems(native, text)]
    assert places == ["ldap2scim.yml:3:3:", "ldap2scim.yml:4:11:", "ldap2scim.yml:6:5:", "ldap2scim.yml:9:7:"]


@pytest.mark.parametrize("name", ["Main", "a:b", "a b", "-a", "a_b"])
def test_a_directory_name_is_part_of_keys(native: Loader, problems: Failing, name: str) -> None:
    """Only lower-case letters, digits and hyphens are taken."""
    (problem,) = problems(native, NATIVE.replace("  main:", f"  '{name}':"))
    assert "is no directory name" in problem


def test_a_file_of_neither_form_says_what_is_missing(native: Loader, problems: Failing) -> None:
    """Any other YAML file is told what settings need."""
    found = problems(native, "services:\n  web: {image: nginx}\n")
    assert any("must name at least one directory" in problem for problem in found)
    assert any("did you mean `service`?" in problem for problem in found)
