"""A program: binds, with the Kerberos ticket of its environment or by NTLM, and reads. Run by the system's Python.

The package gssapi has no wheels for Linux; Debian has it for its own Python (python3-gssapi), which is therefore the
one that runs this. Arguments: the repository, a folder with ldap3, and a JSON object: `host`, the `ip` that its name
stands for, and settings. Prints a JSON object.
"""

import json
import socket
import sys
from pathlib import Path
from typing import Any

REPOSITORY, PACKAGES, ASKED = sys.argv[1:]
sys.path.insert(0, REPOSITORY)
sys.path.append(PACKAGES)


def main() -> None:
    """Print how many users were read, or the error."""
    from ldap2scim.directory import client
    from ldap2scim.directory.reader import Search
    from ldap2scim.directory.settings import (
        Authentication,
        DirectoryKind,
        DirectorySettings,
        Encryption,
        MemberReference,
    )
    from ldap2scim.errors import DirectoryError
    from ldap2scim.model import ResourceType
    from ldap2scim.secret import Secret

    asked = json.loads(ASKED)
    resolve(asked["host"], asked["ip"])
    settings = DirectorySettings(
        name="corp",
        kind=DirectoryKind.ACTIVE_DIRECTORY,
        addresses=(asked["host"],),
        port=asked["port"],
        encryption=Encryption(asked["encryption"]),
        verify_certificate=True,
        ca_file=Path(asked["ca_file"]),
        bind_dn=asked["bind_dn"],
        bind_password=Secret(asked["password"]) if asked["password"] else None,
        base_dn=asked["base_dn"],
        user_filter="",
        group_filter="",
        user_object_class="user",
        group_object_class="group",
        member_attribute="member",
        member_reference=MemberReference.DN,
        source_anchor="objectGUID",
        authentication=Authentication(asked["authentication"]),
    )
    search = Search(ResourceType.USER, settings.base_dn, "(sAMAccountName=reader)", ("sAMAccountName",), 100)
    try:
        with client.connect(settings) as session:
            found = [entry.dn for page in session.read(search) for entry in page]
    except DirectoryError as error:
        answer = json.dumps({"error": type(error).__name__, "message": error.message, "remedy": error.remedy})
    else:
        answer = json.dumps({"found": found})
    sys.stdout.write(answer)


def resolve(host: str, ip: str) -> None:
    """Let a name stand for an address, as the name service of the domain would."""
    known = socket.getaddrinfo

    def look_up(name: str, *rest: Any, **named: Any) -> Any:
        return known(ip if name == host else name, *rest, **named)

    vars(socket)["getaddrinfo"] = look_up


main()
