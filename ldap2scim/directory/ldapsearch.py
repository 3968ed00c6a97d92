"""A search as the `ldapsearch` command line that does the same, for logs that an administrator can paste. Pure."""

import shlex

from ldap2scim.directory.addresses import Address, addresses, protection
from ldap2scim.directory.reader import Search
from ldap2scim.directory.settings import DirectorySettings, Encryption

PASSWORD_FILE = "PASSWORD-FILE"  # noqa: S105 - the place of a password, to be replaced by the reader


def ldapsearch_command(settings: DirectorySettings, search: Search, server: Address | None = None) -> str:
    """Return the shell-quoted command. The password is never in it: `-y PASSWORD-FILE` stands in its place.

    Args:
        settings: the directory.
        search: what is asked.
        server: the server that answers; None: the first one of the settings.
    """
    address = server or addresses(settings)[0]
    how = protection(settings.encryption, address.port)
    words = ["ldapsearch", "-LLL", "-o", "ldif-wrap=no", "-x"]
    words += ["-H", f"{'ldaps' if how is Encryption.LDAPS else 'ldap'}://{address}"]
    match how:
        case Encryption.START_TLS:
            words.append("-ZZ")
        case Encryption.UNWRITTEN:
            words.append("-Z")
    if settings.bind_dn is not None:
        words += ["-D", settings.bind_dn, "-y", PASSWORD_FILE]
    words += ["-E", f"pr={search.page_size}/noprompt", "-a", "never"]
    words += ["-b", search.base, "-s", "sub", search.filter, *search.attributes]
    command = shlex.join(words)
    environment = []
    if how is not Encryption.NONE and not settings.verify_certificate:
        environment.append("LDAPTLS_REQCERT=never")
    elif how is not Encryption.NONE and settings.ca_file is not None:
        environment.append(f"LDAPTLS_CACERT={shlex.quote(str(settings.ca_file))}")
    return " ".join([*environment, command])
