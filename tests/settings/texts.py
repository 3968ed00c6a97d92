"""Least settings files of either form, for tests to add to."""

from collections.abc import Callable
from pathlib import Path

from ldap2scim.mapping.spec import ResourceMapping
from ldap2scim.settings import Settings

Loader = Callable[..., Settings]
Failing = Callable[..., tuple[str, ...]]

SAMPLES = Path(__file__).parents[2] / "docs" / "samples"
ENVIRON = {"LDAP_PASSWORD": "open sesame", "AD_PASSWORD": "open sesame", "SCIM_TOKEN": "t0ken"}

NATIVE = """
directories:
  main:
    kind: openldap
    addresses: [ldap.example.com]
    base_dn: dc=example,dc=com
service:
  base_url: https://scim.example.com/v2
"""
CONFIG = """
ad:
  ldap:
    server:
      addresses:
        - dc1.corp.example
      user: 'CN=sync,DC=corp,DC=example'
      encryption: start_tls
      verify_mode: true
    base_dn: 'DC=corp,DC=example'
iid:
  scim:
    attribute:
      user:
        ad_bind:
          externalId: objectGUID
          userName: userPrincipalName
"""
SECRET = """
ad:
  ldap:
    server:
      password: open sesame
iid:
  scim:
    token: t0ken
"""


def with_directory(lines: str) -> str:
    """Return the least file with lines added to its directory."""
    return NATIVE.replace("    base_dn", "".join(f"    {line}\n" for line in lines.splitlines()) + "    base_dn")


def server(old: str, new: str) -> str:
    """Return the least `config.yml` with a line changed."""
    assert old in CONFIG
    return CONFIG.replace(old, new)


def with_user_lines(lines: str) -> str:
    """Return the least `config.yml` with lines added below `iid.scim.attribute.user`."""
    return CONFIG + "".join(f"        {line}\n" for line in lines.splitlines())


def user_mapping(original: Loader, lines: str) -> ResourceMapping:
    """Return the mapping of users with lines added below `iid.scim.attribute.user`."""
    return original(with_user_lines(lines)).directories[0].mappings.user
