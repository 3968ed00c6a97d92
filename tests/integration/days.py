"""Days in the life of a directory and accidents at a service, done by hand on either side."""

from dataclasses import dataclass

from ldap2scim.sandbox.world import GROUPS_DN, MAIL_DOMAIN, PEOPLE_DN
from tests.integration.ldap import Administrator
from tests.integration.pairs import Console

DISABLED = {"user": {"active": {"from": "shadowExpire", "default": True}}}
"""A mapping in which `shadowExpire` disables somebody: OpenLDAP has no attribute of its own for that."""


@dataclass(frozen=True, slots=True)
class Day:
    """Who a day of changes concerned, by login or group name."""

    hired: tuple[str, ...]
    left: tuple[str, ...]
    renamed: tuple[str, str]
    disabled: str


def day_of_changes(directory: Administrator) -> Day:
    """Hire, modify, rename, move, disable, dismiss; change, rename, add and delete groups; rename a department."""
    sales = directory.people(f"ou=sales,{PEOPLE_DN}")
    hired = tuple(hire(directory, number) for number in range(3))
    directory.replace(sales[0].dn, title=["本部長"], sn=["星野"])
    directory.replace(sales[1].dn, title=[], mail=[f"moved@{MAIL_DOMAIN}"])
    before, after = str(sales[2].text("uid")), "renamed.person"
    directory.rename(sales[2].dn, f"uid={after}")
    directory.rename(sales[3].dn, sales[3].dn.partition(",")[0], f"ou=finance,{PEOPLE_DN}")
    directory.rename(f"ou=legal,{PEOPLE_DN}", "ou=law")
    directory.insert(sales[4].dn, "objectClass", "shadowAccount")
    directory.replace(sales[4].dn, shadowExpire=["1"])
    leavers = (sales[5], sales[6])
    directory.dismiss(leavers[0].dn)
    directory.delete(leavers[1].dn)  # groups go on naming somebody who is no more
    _change_groups(directory)
    left = tuple(str(leaver.text("uid")) for leaver in leavers)
    return Day(hired, left, (before, after), str(sales[4].text("uid")))


def hire(directory: Administrator, number: int) -> str:
    """Add one person, and return the login."""
    login = f"new.person{number}"
    dn = f"uid={login},ou=research,{PEOPLE_DN}"
    directory.add(
        dn,
        ["inetOrgPerson"],
        uid=login,
        cn=f"新人 {number}",
        sn="新人",
        givenName=f"{number}",
        mail=f"{login}@{MAIL_DOMAIN}",
    )
    return login


def _change_groups(directory: Administrator) -> None:
    everybody = directory.group("everybody")
    inside = set(everybody.texts("member"))
    outside = [person.dn for person in directory.people() if person.dn not in inside]
    directory.insert(everybody.dn, "member", *outside[:4])
    directory.take(everybody.dn, "member", *everybody.texts("member")[:3])
    renamed = directory.rename(directory.group("project-0000").dn, "cn=project-moonlight")
    directory.insert(renamed, "member", directory.group("dept-sales").dn)  # a group as a member
    directory.delete(directory.group("project-0001").dn)
    directory.add(f"cn=project-new,{GROUPS_DN}", ["groupOfNames"], cn="project-new", member=outside[:5])


@dataclass(frozen=True, slots=True)
class Damage:
    """What was done to the service by hand."""

    edited: str
    deleted: str
    deactivated: str
    deleted_group: str
    changed_group: str


def damage(console: Console) -> Damage:
    """Edit, delete and deactivate people; delete a group; take members out of another and put a stranger in."""
    users, groups = console.users(), console.groups()
    edited, deleted, deactivated = sorted(name for name, user in users.items() if user["active"])[10:13]
    console.edit("Users", users[edited], title="Emperor", displayName="Somebody Else")
    console.edit("Users", users[deactivated], active=False)
    changed = groups["everybody"]
    members = [member for member in changed["members"] if member["value"] != users[deleted]["id"]]
    stranger = console.create("Users", userName="stranger", active=True)
    inside = {one["value"] for one in changed["members"]}
    others = [user for user in users.values() if user["id"] not in inside]
    put_in = [{"value": stranger["id"]}, {"value": others[0]["id"]}]
    console.edit("Groups", changed, members=[*members[3:], *put_in])
    console.delete("Groups", groups["dept-finance"])
    console.delete("Users", users[deleted])
    return Damage(edited, deleted, deactivated, "dept-finance", "everybody")
