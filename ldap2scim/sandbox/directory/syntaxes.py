"""How values of an attribute are compared: a small schema, since the directory has none of its own. Pure."""

import unicodedata
from enum import Enum, auto
from functools import lru_cache


class Syntax(Enum):
    """Kinds of values (RFC 4517 §3.3), as far as comparing goes."""

    TEXT = auto()
    EXACT_TEXT = auto()
    DN = auto()
    INTEGER = auto()
    TIME = auto()
    OCTETS = auto()
    CATEGORY = auto()
    """A class, by the DN of its definition or by its name alone (MS-ADTS §3.1.1.3.1.3)."""


_ALIASES = {
    "commonname": "cn", "surname": "sn", "userid": "uid", "domaincomponent": "dc", "gn": "givenname",
    "organizationalunitname": "ou", "organizationname": "o", "rfc822mailbox": "mail", "localityname": "l",
    "2.5.4.3": "cn", "2.5.4.4": "sn", "2.5.4.10": "o", "2.5.4.11": "ou", "2.5.4.0": "objectclass",
    "0.9.2342.19200300.100.1.1": "uid", "0.9.2342.19200300.100.1.25": "dc", "0.9.2342.19200300.100.1.3": "mail",
}  # fmt: skip

_SYNTAXES = {
    Syntax.EXACT_TEXT: "memberuid homedirectory loginshell gecos labeleduri",
    Syntax.DN: (
        "member uniquemember memberof owner manager secretary seealso roleoccupant distinguishedname managedby "
        "directreports creatorsname modifiersname entrydn aliasedobjectname"
    ),
    Syntax.INTEGER: (
        "uidnumber gidnumber useraccountcontrol primarygroupid pwdlastset accountexpires lockouttime grouptype "
        "samaccounttype usnchanged usncreated badpwdcount lastlogontimestamp instancetype systemflags "
        "msds-user-account-control-computed shadowexpire shadowlastchange"
    ),
    Syntax.TIME: "createtimestamp modifytimestamp whencreated whenchanged pwdaccountlockedtime pwdchangedtime",
    Syntax.CATEGORY: "objectcategory",
    Syntax.OCTETS: "objectguid objectsid userpassword unicodepwd jpegphoto thumbnailphoto audio usercertificate",
}
_SYNTAX_OF = {name: syntax for syntax, names in _SYNTAXES.items() for name in names.split()}

_TEXT_ATTRIBUTES = (
    "objectclass uid cn sn givenname displayname initials mail ou o dc c l st street title description telephonenumber "
    "mobile facsimiletelephonenumber employeenumber employeetype departmentnumber department company preferredlanguage "
    "roomnumber postaladdress postalcode physicaldeliveryofficename pager homephone name samaccountname "
    "userprincipalname proxyaddresses entryuuid structuralobjectclass ref iscriticalsystemobject"
)
_WELL_KNOWN = _SYNTAX_OF.keys() | set(_TEXT_ATTRIBUTES.split())

_RULES = {
    "2.5.13.1": Syntax.DN, "distinguishednamematch": Syntax.DN,
    "2.5.13.2": Syntax.TEXT, "caseignorematch": Syntax.TEXT, "1.3.6.1.4.1.1466.109.114.2": Syntax.TEXT,
    "2.5.13.5": Syntax.EXACT_TEXT, "caseexactmatch": Syntax.EXACT_TEXT, "1.3.6.1.4.1.1466.109.114.1": Syntax.EXACT_TEXT,
    "2.5.13.14": Syntax.INTEGER, "integermatch": Syntax.INTEGER,
    "2.5.13.17": Syntax.OCTETS, "octetstringmatch": Syntax.OCTETS,
    "2.5.13.27": Syntax.TIME, "generalizedtimematch": Syntax.TIME,
}  # fmt: skip


@lru_cache(maxsize=4096)
def canonical(description: str) -> str:
    """Return an attribute type in lower case, without options, under its usual name."""
    kind = description.partition(";")[0].strip().lower()
    kind = kind.removeprefix("oid.")
    return _ALIASES.get(kind, kind)


def syntax_of(attribute: str) -> Syntax:
    """Return how values of a canonical attribute type are compared; text unless known otherwise."""
    return _SYNTAX_OF.get(attribute, Syntax.TEXT)


def is_well_known(attribute: str) -> bool:
    """Say whether a canonical attribute type is part of the small schema, used in the world or not."""
    return attribute in _WELL_KNOWN


def syntax_of_rule(rule: str) -> Syntax | None:
    """Return the syntax that a matching rule (name or OID) compares by; None for a rule that is not known."""
    return _RULES.get(rule.lower())


def fold(text: str) -> str:
    """Fold text as caseIgnoreMatch does: compatibility forms, case, and runs of blanks (RFC 4518 §2)."""
    folded = text.lower() if text.isascii() else unicodedata.normalize("NFKC", text).casefold()
    return " ".join(folded.split())
