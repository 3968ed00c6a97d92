"""The way to the service: proxies and the hosts around them, client certificates, and the end of the token."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from ldap2scim.settings import digest
from ldap2scim.settings.load import load
from ldap2scim.settings.no_proxy import exceptions, goes_direct
from ldap2scim.settings.reading import Unfit
from tests.settings.texts import CONFIG, NATIVE, SECRET, Failing, Loader

PROXY = "  proxy: {{url: http://proxy:8080{}}}\n"


@pytest.mark.parametrize(
    ("host", "covered"),
    [
        ("scim.example.com", True),
        ("example.com", True),
        (".example.com", True),
        ("*.example.com", True),
        ("SCIM.Example.Com.", True),
        ("scim.example.com:443", True),
        ("scim.example.com:8443", False),
        ("ample.com", False),
        ("other.example.com", False),
        ("*", True),
        ("", False),
        (".", False),
    ],
)
def test_a_name_covers_itself_and_what_is_below(host: str, covered: bool) -> None:
    """As curl, Go and Python have it: dots, stars and case do not matter, a port limits."""
    assert (goes_direct("https://scim.example.com/v2", [host]) is not None) is covered


@pytest.mark.parametrize(
    ("url", "network", "covered"),
    [
        ("https://10.1.2.3/v2", "10.0.0.0/8", True),
        ("https://10.1.2.3/v2", "10.1.2.3", True),
        ("https://11.1.2.3/v2", "10.0.0.0/8", False),
        ("https://[fd00::1]/v2", "fd00::/8", True),
        ("https://[fd00::1]:8443/v2", "[fd00::1]:8443", True),
        ("https://scim.example.com/v2", "10.0.0.0/8", False),
        ("https://10.1.2.3/v2", "10.0.0.0/x", False),
    ],
)
def test_an_address_may_be_in_a_network(url: str, network: str, covered: bool) -> None:
    """Networks are for services that are named by their address."""
    assert (goes_direct(url, [network]) is not None) is covered


def test_the_environment_names_hosts() -> None:
    """Commas part them; lower case is asked for first, as curl does."""
    assert exceptions({"NO_PROXY": " a.example , ,b.example,"}) == ("a.example", "b.example")
    assert exceptions({"NO_PROXY": "a", "no_proxy": "b"}) == ("b",)
    assert exceptions({}) == ()


def test_a_proxy_of_the_settings_is_used(native: Loader) -> None:
    """`NO_PROXY` of another host changes nothing, and proxies of the environment are not looked at."""
    environ = {"HTTPS_PROXY": "http://other:1", "NO_PROXY": "internal.example"}
    proxy = native(NATIVE + PROXY.format(""), environ).service.proxy
    assert proxy is not None
    assert proxy.url == "http://proxy:8080"
    assert native(NATIVE, environ).service.proxy is None


def test_no_proxy_of_the_environment_keeps_it_out_of_the_way(native: Loader) -> None:
    """With a note that says whose word it was; `except` of the settings counts before it."""
    found = native(NATIVE + PROXY.format(""), {"NO_PROXY": ".example.com"})
    assert found.service.proxy is None
    assert any("NO_PROXY of the environment has `.example.com`" in note for note in found.notes)
    written = native(NATIVE + PROXY.format(", except: [intranet]"), {"NO_PROXY": ".example.com"})
    assert written.service.proxy is not None
    direct = native(NATIVE + PROXY.format(", except: [intranet, scim.example.com]"))
    assert direct.service.proxy is None
    assert any("`service.proxy.except` has `scim.example.com`" in note for note in direct.notes)


def test_the_form_of_directory_sync_has_them_too(original: Loader) -> None:
    """In the block of ours."""
    proxy = "  scim:\n    http:\n      proxy:\n        use: true\n        address: proxy\n        port: 8080\n"
    config = CONFIG.replace("  scim:\n", proxy)
    assert original(config).service.proxy is not None
    ours = "ldap2scim:\n  service:\n    proxy_except: auth.iij.jp\n    token_expires: 2027-03-31\n"
    found = original(config + ours).service
    assert found.proxy is None
    assert found.token_expires == datetime(2027, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("written", "moment"),
    [
        ("2027-03-31", datetime(2027, 4, 1, tzinfo=UTC)),
        ("'2027-03-31T09:00+09:00'", datetime(2027, 3, 31, tzinfo=UTC)),
        ("2027-03-31T09:00:00Z", datetime(2027, 3, 31, 9, tzinfo=UTC)),
    ],
)
def test_the_end_of_the_token(native: Loader, written: str, moment: datetime) -> None:
    """A day counts to its end; a time has its zone. Neither is part of a plan's digest."""
    found = native(NATIVE + f"  token_expires: {written}\n")
    assert found.service.token_expires == moment
    assert digest(found) == digest(native())


@pytest.mark.parametrize("written", ["soon", "31.03.2027", "2027-03-31T09:00", "2027-02-30"])
def test_an_end_that_is_none(native: Loader, problems: Failing, written: str) -> None:
    """A date that does not exist, or a time without its zone, is refused with an example."""
    (problem,) = problems(native, NATIVE + f"  token_expires: {written}\n")
    assert "`service.token_expires`" in problem


def test_a_client_certificate(native: Loader, problems: Failing, tmp_path: Path) -> None:
    """Files that cannot be read are named before anything is connected; a key alone belongs to nothing."""
    for name in ("cert.pem", "key.pem"):
        (tmp_path / name).touch(mode=0o600)
    service = native(NATIVE + "  client_certificate: cert.pem\n  client_key: key.pem\n").service
    assert (service.client_certificate, service.client_key) == (tmp_path / "cert.pem", tmp_path / "key.pem")
    (missing,) = problems(native, NATIVE + "  client_certificate: none.pem\n")
    assert "cannot be read" in missing
    (alone,) = problems(native, NATIVE + "  client_key: key.pem\n")
    assert "without `client_certificate`" in alone
    (tmp_path / "key.pem").chmod(0o644)
    notes = native(NATIVE + "  client_certificate: cert.pem\n  client_key: key.pem\n").notes
    assert any("chmod o-r" in note for note in notes)


def test_a_secret_block_of_prefect(native: Loader, problems: Failing, tmp_path: Path) -> None:
    """Whoever loads the settings gives the reader of blocks; the command has none, and says so."""
    text = NATIVE + "  token: {prefect_secret: scim-token}\n"
    (problem,) = problems(native, text)
    assert "only the flows can read" in problem
    (tmp_path / "ldap2scim.yml").write_text(text)
    found = load(tmp_path / "ldap2scim.yml", {}, lambda name: {"scim-token": "t0ken"}[name])
    assert found.service.token is not None
    assert found.service.token.reveal() == "t0ken"
    (row,) = (row for row in found.rows if row.path == "service.token")
    assert (row.shown, row.origin.partition(" (")[0]) == ("***", "Prefect Secret scim-token")


def test_a_block_that_cannot_be_read(native: Loader, tmp_path: Path) -> None:
    """The reader's words stand beside the place, and the two ways to keep a secret elsewhere exclude each other."""

    def none(name: str) -> str:
        raise Unfit(f"names `{name}`, which nobody has.")

    for text in ("{prefect_secret: x}", "{prefect_secret: x, file: y}", "{prefect_secrets: x}", "{}"):
        (tmp_path / "ldap2scim.yml").write_text(NATIVE + f"  token: {text}\n")
        with pytest.raises(Exception, match=r"service\.token"):
            load(tmp_path / "ldap2scim.yml", {}, none)


@pytest.mark.parametrize(
    ("lines", "word"),
    [
        ("server: m, from: a@b, subject: s", "`mail.template` is missing"),
        ("server: m, from: a@b, subject: s, template: none.txt", "cannot be read"),
        ("server: m, from: a@b, subject: s, template: odd.txt", "`$nickname`"),
        ("server: m, from: a@b, subject: 'costs $5', template: fine.txt", "`$$`"),
        ("server: m, from: nobody, subject: s, template: fine.txt", "must be an address"),
        ("server: m, from: a@b, subject: s, template: fine.txt, user: u", "user and password go together"),
        ("server: m, from: a@b, subject: s, template: fine.txt, user: u, password: p, encryption: none", "in clear"),
        ("server: m, from: a@b, subject: s, template: fine.txt, encryption: ssl", "`mail.encryption`"),
    ],
)
def test_mail_that_cannot_work(native: Loader, problems: Failing, tmp_path: Path, lines: str, word: str) -> None:
    """Each mistake is refused before anything is connected."""
    (tmp_path / "fine.txt").write_text("Dear $name, your login is ${login}. It costs $$5.")
    (tmp_path / "odd.txt").write_text("Dear $nickname,")
    (problem,) = problems(native, NATIVE + f"mail: {{{lines}}}\n")
    assert word in problem


def test_mail(native: Loader, original: Loader, tmp_path: Path) -> None:
    """The template is read with the settings; the port follows the encryption; both forms have the block."""
    (tmp_path / "fine.txt").write_text("Dear $name")
    block = "{server: m, from: 'IT <a@b>', subject: 'Hi $name', template: fine.txt, encryption: tls}"
    found = native(NATIVE + f"mail: {block}\n").mail
    assert found is not None
    assert (found.port, found.template, found.subject) == (465, "Dear $name", "Hi $name")
    assert original(CONFIG + f"ldap2scim: {{mail: {block}}}\n", SECRET).mail == found
    assert native().mail is None


@pytest.mark.parametrize(("written", "country"), [("81", "81"), ("'+81'", "81")])
def test_the_country_of_telephone_numbers(native: Loader, original: Loader, written: str, country: str) -> None:
    """For all directories or one; where the service takes global numbers alone, they are made without a country too."""
    two = NATIVE.replace(
        "service:", "  b: {kind: generic, addresses: [x], base_dn: dc=b, mapping: {phone_country: 1}}\nservice:"
    )
    first, second = native(two + f"mapping: {{phone_country: {written}}}\n").directories
    for directory, expected in ((first, country), (second, "1")):
        assert directory.mappings.user.phones is not None
        assert directory.mappings.user.phones.country == expected
        assert directory.mappings.group.phones is None
    assert native().directories[0].mappings.user.phones is None
    (iij,) = original(CONFIG).directories
    assert iij.mappings.user.phones is not None
    (ours,) = original(CONFIG + f"ldap2scim: {{directory: {{phone_country: {written}}}}}\n").directories
    assert ours.mappings.user.phones is not None
    assert ours.mappings.user.phones.country == country


@pytest.mark.parametrize("written", ["Japan", "081", "8100", "''"])
def test_a_country_that_is_none(native: Loader, problems: Failing, written: str) -> None:
    """Only the code for telephones is taken."""
    (problem,) = problems(native, NATIVE + f"mapping: {{phone_country: {written}}}\n")
    assert "`mapping.phone_country`" in problem
