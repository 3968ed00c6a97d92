"""Is the service what the directory says? Compared once more, from what the mapping promises and without our code."""

from collections.abc import Iterable, Mapping
from typing import Any

from tests.integration.ldap import Found
from tests.integration.pairs import Pair

ENTERPRISE = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"


def differences(pair: Pair, left: Iterable[str] = (), foreign: Iterable[str] = ()) -> list[str]:
    """Return every difference as a sentence; none: the service holds what the directory says, and nothing else.

    Args:
        pair: both sides, read here in full.
        left: logins of people who have left the directory and stay at the service, deactivated.
        foreign: logins and group names that are no business of ours, and are there.
    """
    left, foreign = set(left), set(foreign)
    people, groups = pair.administrator.people(), pair.administrator.groups()
    users_there, groups_there = pair.console.users(), pair.console.groups()
    found = [*_compared("user", {str(p.text("uid")): _user(p) for p in people}, users_there, left | foreign)]
    found += [f"{name} left and is active" for name in left if users_there[name].get("active") is not False]
    found += [f"{name} is foreign and has gone" for name in foreign - {*users_there, *groups_there}]

    # A group that is a member of a group is no membership: only people are.
    ids = {p.dn: users_there[str(p.text("uid"))]["id"] for p in people if p.text("uid") in users_there}
    wanted = {
        str(group.text("cn")): {
            "externalId": group.text("entryUUID"),
            "members": sorted(ids[dn] for dn in group.texts("member") if dn in ids),
        }
        for group in groups
    }
    return found + list(_compared("group", wanted, groups_there, foreign))


def _user(person: Found) -> dict[str, Any]:
    return _filled(
        {
            "externalId": person.text("entryUUID"),
            "name.familyName": person.text("sn"),
            "name.givenName": person.text("givenName"),
            "displayName": person.text("displayName") or person.text("cn"),
            "title": person.text("title"),
            "preferredLanguage": person.text("preferredLanguage"),
            "employeeNumber": person.text("employeeNumber"),
            "department": person.text("departmentNumber"),
            "mail": person.text("mail"),
            "active": person.text("shadowExpire") is None,
        }
    )


def _user_there(user: Mapping[str, Any]) -> dict[str, Any]:
    name, enterprise, mails = user.get("name", {}), user.get(ENTERPRISE, {}), user.get("emails", [])
    assert len(mails) <= 1, f"{user['userName']} has several mail addresses"
    return _filled(
        {
            "externalId": user.get("externalId"),
            "name.familyName": name.get("familyName"),
            "name.givenName": name.get("givenName"),
            "displayName": user.get("displayName"),
            "title": user.get("title"),
            "preferredLanguage": user.get("preferredLanguage"),
            "employeeNumber": enterprise.get("employeeNumber"),
            "department": enterprise.get("department"),
            "mail": mails[0]["value"] if mails else None,
            "active": user.get("active"),
        }
    )


def _group_there(group: Mapping[str, Any]) -> dict[str, Any]:
    members = sorted(member["value"] for member in group.get("members", ()))
    return {"externalId": group.get("externalId"), "members": members}


def _filled(attributes: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in attributes.items() if value is not None}


def _compared(
    kind: str, wanted: Mapping[str, Any], there: Mapping[str, Mapping[str, Any]], others: set[str]
) -> Iterable[str]:
    project = _user_there if kind == "user" else _group_there
    yield from (f"{kind} {name} is missing" for name in sorted(wanted.keys() - there.keys()))
    yield from (f"{kind} {name} should not be there" for name in sorted(there.keys() - wanted.keys() - others))
    for name in sorted(wanted.keys() & there.keys()):
        held = project(there[name])
        if held != wanted[name]:
            paths = [path for path in sorted({*held, *wanted[name]}) if held.get(path) != wanted[name].get(path)]
            yield f"{kind} {name} differs in {', '.join(paths)}"
