"""Is a new entry an account that was re-created? (DESIGN §6, and the manual's table on re-created accounts.) Pure.

A directory gives a re-created account another source anchor, hence another key. Whether the service's resource may
be taken over depends on what stayed the same: with externalId and login unchanged it is the same account; with the
externalId changed, systems behind the service (Microsoft 365) would see a duplicate, and a person decides.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from ldap2scim.essence import from_essence
from ldap2scim.model import Attributes, Key, ResourceType
from ldap2scim.planning.frames import ABSENT
from ldap2scim.planning.linking import Behind, linking_of, prospect
from ldap2scim.planning.matching import texts
from ldap2scim.planning.pairing import Pairing
from ldap2scim.planning.removability import Removability

TABLE = "Recreating accounts: application-linking ID or external ID same as before the recreation"
"""The row of the manual's table that a take-over follows."""


@dataclass(frozen=True, slots=True)
class TakeOver:
    """The new entry takes the row over; held when there are reasons."""

    known_row: int
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suspect:
    """The new entry may be an old acquaintance: its creation is held."""

    reason: str
    known: Key | None = None
    """The old one, where there is one alone."""


@dataclass(frozen=True, slots=True)
class Unclear:
    """The old entry cannot be shown to be gone: the creation waits until it can."""

    reason: str


Verdict: TypeAlias = TakeOver | Suspect | Unclear
EssencesOf: TypeAlias = Callable[[Sequence[Key]], Iterator[tuple[Key, str]]]
"""Essences by key, fetched in batches as they are asked for."""


@dataclass(frozen=True, slots=True)
class _Old:
    row: int
    key: Key
    login: str
    removal: Removability


def find_recreated(
    pairing: Pairing,
    new_essences: EssencesOf,
    known_essences: EssencesOf,
    removal_of: Callable[[Key, ResourceType], Removability],
) -> Mapping[int, Verdict]:
    """Return a verdict by row of the desired frame, for the new rows that resemble a row whose entry has gone."""
    if not len(pairing.new) or not len(pairing.unclaimed):
        return {}
    known, rows = pairing.known, pairing.unclaimed
    keys = [Key(key) for key in texts(known["key"], rows)]
    logins = texts(known["login"], rows)
    olds = [
        _Old(int(row), key, login, removal_of(key, pairing.resource_type))
        for row, key, login in zip(rows, keys, logins, strict=True)
    ]
    by_external_id = _index(zip(texts(known["external_id"], rows), olds, strict=True))
    by_login = _index(zip((login.casefold() for login in logins), olds, strict=True))

    new_keys = [Key(key) for key in texts(pairing.desired["key"], pairing.new)]
    new_ids = texts(pairing.desired["external_id"], pairing.new)
    new_logins = texts(pairing.desired["login"], pairing.new)
    claims = _index(zip(new_ids, range(len(new_ids)), strict=True))

    verdicts: dict[int, Verdict] = {}
    rest: dict[Key, int] = {}
    for row, key, external_id, login in zip(pairing.new.tolist(), new_keys, new_ids, new_logins, strict=True):
        if external_id != ABSENT and external_id in by_external_id:
            verdicts[row] = _same_external_id(login, by_external_id[external_id], len(claims[external_id]))
        elif login.casefold() in by_login:
            verdicts[row] = _suspicion("login", by_login[login.casefold()][0])
        else:
            rest[key] = row
    if pairing.resource_type is ResourceType.USER and rest:
        verdicts.update(_same_mail(rest, new_essences, dict(zip(keys, olds, strict=True)), known_essences))
    return verdicts


def _same_external_id(login: str, olds: Sequence[_Old], claims: int) -> Verdict:
    old = olds[0]
    if len(olds) > 1 or claims > 1:
        return Suspect(
            f"{claims} new entries have the externalId of {len(olds)} resources whose entries have gone: "
            "give each entry an externalId of its own."
        )
    if old.removal is not Removability.FREE:
        return Unclear(
            f"It has the externalId of {old.login}, whose own entry could not be shown to be gone: "
            "wait for a complete read, or mend the entry that the findings name."
        )
    if login.casefold() == old.login.casefold():
        return TakeOver(old.row, ())
    reason = (
        f"It has the externalId of {old.login}, whose entry has gone, but another login: approve the plan's id if it "
        "is the same account under a new name, or else give the new entry another externalId."
    )
    return TakeOver(old.row, (reason,))


def _suspicion(what: str, old: _Old) -> Suspect:
    reason = (
        f"It has the {what} of {old.login}, which no entry claims now, but another source anchor and externalId: it is "
        "probably the same one, re-created."
    )
    return Suspect(reason, old.key)


def outlook(old: Attributes, new: Attributes, behind: Behind) -> str:
    """Return what a re-creation under another ID means behind the service, and the ways out."""
    if behind is Behind.UNKNOWN:
        return (
            "Applications behind the service would see another account. Either `ldap2scim keep` with the name of this "
            "entry keeps the old external ID for this person, so that the account goes on; or remove the old resource "
            "at the service for good, and approve the plan's id to create this one."
        )
    refusal = (
        "The IIJ ID Service refuses a user with the login or external ID of one that is pending deletion. "
        if old.get("external_id") != new.get("external_id")
        else ""
    )
    return (
        f"{prospect(linking_of(old, new))} {refusal}Either `ldap2scim keep` with the name of this entry keeps the old "
        "external ID and linking ID for this person (then rows 1 and 2 apply, which work); or first purge the old user "
        "from the users pending deletion in the console, delete its Microsoft 365 account for good, and then approve "
        "the plan's id."
    )


def _same_mail(
    new: Mapping[Key, int], new_essences: EssencesOf, olds: Mapping[Key, _Old], known_essences: EssencesOf
) -> Mapping[int, Verdict]:
    by_mail = _index((mail, olds[key]) for key, essence in known_essences(tuple(olds)) for mail in _mails(essence))
    if not by_mail:
        return {}
    verdicts: dict[int, Verdict] = {}
    for key, essence in new_essences(tuple(new)):
        for mail in _mails(essence):
            if mail in by_mail:
                verdicts[new[key]] = _suspicion("e-mail address", by_mail[mail][0])
                break
    return verdicts


def _mails(essence: str) -> Iterable[str]:
    emails: Any = from_essence(essence).get("emails", ())
    return [str(email["value"]).casefold() for email in emails if "value" in email]


def _index(pairs: Iterable[tuple[str, Any]]) -> Mapping[str, list[Any]]:
    index: defaultdict[str, list[Any]] = defaultdict(list)
    for name, value in pairs:
        index[name].append(value)
    return index
