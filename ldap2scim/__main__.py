"""`python -m ldap2scim`."""

import sys

from ldap2scim.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
