"""Settings of a directory for unit tests."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from ldap2scim.directory.addresses import Address
from ldap2scim.directory.conversation import Conversation
from ldap2scim.directory.session import Session
from ldap2scim.directory.settings import DirectoryKind, DirectorySettings, Encryption, MemberReference
from ldap2scim.secret import Secret
from tests.directory.little_server import LittleServer
from tests.directory.scripted import ScriptedWire, Start

MakeSettings = Callable[..., DirectorySettings]


@pytest.fixture
def make_settings() -> MakeSettings:
    """Return a maker of settings: OpenLDAP on this machine, changed by what is given."""

    def make(**changes: Any) -> DirectorySettings:
        values: dict[str, Any] = {
            "name": "corp",
            "kind": DirectoryKind.OPENLDAP,
            "addresses": ("ldap.example.com",),
            "port": 389,
            "encryption": Encryption.NONE,
            "verify_certificate": True,
            "ca_file": None,
            "bind_dn": "cn=sync,dc=example,dc=com",
            "bind_password": Secret("pass word"),
            "base_dn": "dc=example,dc=com",
            "user_filter": "",
            "group_filter": "",
            "user_object_class": "inetOrgPerson",
            "group_object_class": "groupOfNames",
            "member_attribute": "member",
            "member_reference": MemberReference.DN,
            "source_anchor": "entryUUID",
        }
        return DirectorySettings(**(values | changes))

    return make


@pytest.fixture
def start(make_settings: MakeSettings) -> Start:
    """Return a maker of sessions on scripted wires: the main one, and the one beside it."""

    def make(main: ScriptedWire, beside: ScriptedWire | None = None, **changes: Any) -> Session:
        def again() -> Conversation:
            assert beside is not None, "no second connection was expected"
            return Conversation(beside, "ldap.example.com:389")

        address = Address("ldap.example.com", 389)
        return Session(make_settings(**changes), address, Conversation(main, str(address)), again)

    return make


@pytest.fixture
def start_server() -> Iterator[Callable[..., LittleServer]]:
    """Return a maker of servers; they are closed at the end."""
    servers: list[LittleServer] = []

    def start(**how: Any) -> LittleServer:
        servers.append(LittleServer(**how))
        return servers[-1]

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()
