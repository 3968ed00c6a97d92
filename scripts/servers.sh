#!/bin/sh
# Installs the real servers that the tests start themselves: OpenLDAP's slapd, and Samba as a domain controller, PostgreSQL.
# No service is started: the tests run each server in a folder of its own. Debian and Ubuntu; elsewhere it says what is missing.
set -eu

packages="slapd ldap-utils openssl samba samba-ad-provision samba-dsdb-modules samba-vfs-modules winbind \
postgresql iproute2 chromium krb5-user krb5-config ldb-tools tdb-tools python3-samba python3-gpg python3-markdown python3-dnspython python3-gssapi acl attr"
policy=/usr/sbin/policy-rc.d

missing() {
  PATH="$PATH:/usr/sbin:/sbin"
  for program in slapd slapadd ldapsearch openssl samba samba-tool kinit chromium; do
    command -v "$program" >/dev/null || printf ' %s' "$program"
  done
  # Debian keeps the programs of each version of PostgreSQL in a folder of its own.
  find /usr/lib/postgresql -name initdb 2>/dev/null | grep -q . || command -v initdb >/dev/null || printf ' postgresql'
  command -v ip >/dev/null || printf ' iproute2'
  # Without these, `samba-tool domain provision` fails at its end, when it sets the rights of sysvol.
  if command -v samba >/dev/null; then
    [ -d /usr/share/samba/setup ] || printf ' samba-ad-provision'
    find /usr/lib /usr/lib64 -name posix_eadb.so 2>/dev/null | grep -q . || printf ' samba-vfs-modules'
  fi
  /usr/bin/python3 -c 'import gssapi' 2>/dev/null || printf ' python3-gssapi'
}

install() {
  # policy-rc.d 101 forbids package scripts to start services; one that was there before is left alone.
  if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\nexit 101\n' >"$policy"
    chmod 755 "$policy"
  fi
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq
  # shellcheck disable=SC2086 # a list of names
  apt-get install -y -qq --no-install-recommends $packages >/dev/null
}

absent=$(missing)
[ -n "$absent" ] || exit 0
if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
  install
  absent=$(missing)
  [ -n "$absent" ] || exit 0
fi

echo "Missing for the tests against real directories:$absent" >&2
echo "On Debian or Ubuntu, as root:" >&2
echo "  sh scripts/servers.sh" >&2
echo "or" >&2
echo "  apt-get install --no-install-recommends $packages" >&2
case "${CI:-}" in
  1 | true | yes) exit 1 ;;
esac
echo "Without them, those tests are skipped, each by name." >&2
