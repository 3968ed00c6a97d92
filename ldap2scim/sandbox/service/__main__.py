"""`python -m ldap2scim.sandbox.service`: the embedded SCIM service as a process of its own."""

import argparse
import sys

from ldap2scim.sandbox.service.iij_id import IIJ_ID, iij_id
from ldap2scim.sandbox.service.personalities import PERSONALITIES
from ldap2scim.sandbox.service.personality import PLAIN
from ldap2scim.sandbox.service.server import listening_socket, new_service, server_of


def main() -> int:
    """Serve until interrupted. Prints the base URL and the token, a line each, once it listens."""
    parser = argparse.ArgumentParser(prog="python -m ldap2scim.sandbox.service", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 (the default) takes a free one")
    parser.add_argument("--personality", choices=sorted(PERSONALITIES), default=PLAIN.name)
    parser.add_argument("--domain", action="append", help="iij-id: registered in the tenant; without it, every one is")
    parser.add_argument("--token", help="without it, one is made by chance")
    parser.add_argument("--keep-requests", type=int, default=10_000, help="how many requests the log holds")
    arguments = parser.parse_args()
    with listening_socket(arguments.port) as listener:
        personality = PERSONALITIES[arguments.personality]
        if arguments.domain and personality is IIJ_ID:
            personality = iij_id(frozenset(domain.casefold() for domain in arguments.domain))
        service = new_service(listener.getsockname()[1], personality, arguments.token, arguments.keep_requests)
        sys.stdout.write(f"{service.base_url}\n{service.token}\n")
        sys.stdout.flush()
        server_of(service).run(sockets=[listener])
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
