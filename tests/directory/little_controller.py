"""The side of a domain controller that Samba does not play.

From [MS-ADTS] §3.1.1.3.4.1.3 and Microsoft's pages on polling for changes: DirSync in several answers with the
more-data flag (with nothing in some of them), bind users and servers that may not or cannot, partners with
up-to-dateness vectors, and pages of deleted objects. It answers in decoded values, not in octets.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from ldap2scim.directory import dirsync_control
from ldap2scim.directory.ber import INTEGER, OCTETS, SEQUENCE, inner, integer, tlv
from ldap2scim.directory.controls import PAGED_RESULTS, Control, paged_results_cookie
from ldap2scim.directory.conversation import Answer, Found
from ldap2scim.directory.decoder import Done, Reference
from ldap2scim.directory.dirsync_control import Sight
from ldap2scim.directory.encoder import SearchRequest
from ldap2scim.directory.entry import LdapEntry

INVOCATION = UUID("d71017b5-0fd9-40eb-a65c-70f4352f9e8d")
CONTEXT = "DC=example,DC=com"
SETTINGS_DN = f"CN=NTDS Settings,CN=DC1,CN=Sites,CN=Configuration,{CONTEXT}"

Parts = tuple[tuple[LdapEntry, ...], ...]


def changed(number: int, dn: str, **attributes: bytes) -> LdapEntry:
    """Return a changed object with a GUID made of a number."""
    values = {name.lower(): (value,) for name, value in attributes.items()}
    return LdapEntry(dn, {"objectguid": (UUID(int=number).bytes_le,)} | values)


@dataclass(slots=True)
class LittleController:
    """A domain controller with a script."""

    usn: int = 100
    invocation_id: bytes | None = INVOCATION.bytes_le
    """None: the bind user may not read it."""
    root: Mapping[str, tuple[bytes, ...]] | None = None
    """Other values of the root DSE."""
    vector: bytes | None = None
    members: Parts = ((),)
    """What is sent of people and groups, in so many answers; with DirSync from the cookie on, else by pages."""
    containers: Parts = ((),)
    refusals: Mapping[Sight, int] = field(default_factory=dict)
    """Result codes of DirSync."""
    search_code: int = 0
    """Result code of searches for uSNChanged."""
    deleted: Parts = ((),)
    """What the container of deleted objects shows."""
    tombstones: Parts = ((),)
    """What DirSync sends of what was ever deleted."""
    repeats_cookie: bool = False
    without_reply: bool = False
    requests: list[SearchRequest] = field(default_factory=list)

    @property
    def server(self) -> str:
        """Its address."""
        return "dc1:389"

    def ask(self, request: SearchRequest, what: str) -> Iterator[Answer]:
        """Answer a search."""
        del what  # no message is made of it
        self.requests.append(request)
        asked = {control.oid: control.value or b"" for control in request.controls}
        if request.base == "":
            yield from self._shown("", self._root())
        elif request.base == SETTINGS_DN:
            yield from self._shown(SETTINGS_DN, {"invocationid": self.invocation_id})
        elif dirsync_control.OID in asked:
            yield from self._dirsync(request, asked[dirsync_control.OID])
        elif PAGED_RESULTS in asked:
            yield from self._pages(request, paged_results_cookie(asked[PAGED_RESULTS]))
        else:
            yield from self._shown(CONTEXT, {"repluptodatevector": self.vector})

    def _root(self) -> Mapping[str, tuple[bytes, ...]]:
        contexts = (CONTEXT, f"CN=Configuration,{CONTEXT}", f"DC=DomainDnsZones,{CONTEXT}")
        usual = {
            "dsservicename": (SETTINGS_DN.encode(),),
            "namingcontexts": tuple(map(str.encode, contexts)),
            "highestcommittedusn": (str(self.usn).encode(),),
        }
        return usual | dict(self.root or {})

    def _shown(self, dn: str, attributes: Mapping[str, tuple[bytes, ...] | bytes | None]) -> Iterator[Answer]:
        values = {name: value if isinstance(value, tuple) else (value,) for name, value in attributes.items() if value}
        yield Found(LdapEntry(dn, values), ())
        yield _done()

    def _dirsync(self, request: SearchRequest, value: bytes) -> Iterator[Answer]:
        position, end = inner(value, 0, SEQUENCE, len(value))
        start, position = inner(value, position, INTEGER, end)
        sight = Sight(int.from_bytes(value[start:position], "big") & 1)
        start, position = inner(value, inner(value, position, INTEGER, end)[1], OCTETS, end)
        if sight in self.refusals:
            yield _done(self.refusals[sight])
            return
        parts = self._parts(request)
        number = int(value[start:position] or b"0") % 10
        if parts is not self.members or "*" in request.attributes:
            yield from (Found(entry, ()) for entry in parts[number])
        more = number + 1 < len(parts)
        cookie = value[start:position] if self.repeats_cookie else b"%d" % (number + 1 if more else 90)
        reply = tlv(SEQUENCE, integer(int(more)), integer(0), tlv(OCTETS, cookie))
        yield _done(controls=() if self.without_reply else (Control(dirsync_control.OID, value=reply),))

    def _pages(self, request: SearchRequest, cookie: bytes) -> Iterator[Answer]:
        if request.base.startswith("CN=Deleted Objects"):
            parts = self.deleted
        elif self.search_code:
            yield _done(self.search_code)
            return
        else:
            parts = self._parts(request)
        number = int(cookie or b"0")
        yield from (Found(entry, ()) for entry in parts[number])
        yield Reference((f"ldap://example.com/DC=DomainDnsZones,{CONTEXT}",))
        yield _done(cookie=b"%d" % (number + 1) if number + 1 < len(parts) else b"")

    def _parts(self, request: SearchRequest) -> Parts:
        if request.attributes == ("isDeleted",):
            return self.tombstones
        return self.containers if {"name", "uSNCreated"} & set(request.attributes) else self.members


def _done(code: int = 0, *, cookie: bytes | None = None, controls: tuple[Control, ...] = ()) -> Done:
    return Done(code, "", "", (), cookie, controls)
