"""What a directory owes its clients when entries change. Asked with plain ldap3."""

from tests.contract.directories import Subject, administering, ask, bound, few, read_one
from tests.contract.directory_world import dn_of


class TestChanges:
    def test_a_life(self, directory: Subject) -> None:
        """An entry that is added, changed, renamed, moved and deleted is seen so by the next read; its anchor stays."""
        unit = f"ou=changing,{directory.base}"
        born, renamed, moved = (
            dn_of("Eva", unit),
            dn_of("Ewa, née Müller", unit),
            dn_of("Ewa, née Müller", few(directory)),
        )
        with administering(directory) as admin, bound(directory) as reader:
            assert admin.add(born, ["inetOrgPerson"], {"sn": "Adams", "title": "clerk"}), admin.result
            anchor = (read_one(reader, born, directory.anchor) or {})[directory.anchor]
            assert admin.modify(born, {"sn": [("MODIFY_REPLACE", ["Berg"])], "title": [("MODIFY_DELETE", [])]})
            assert admin.modify(born, {"mail": [("MODIFY_ADD", ["eva@example.com"])]}), admin.result
            assert read_one(reader, born, "sn", "title", "mail") == {"sn": [b"Berg"], "mail": [b"eva@example.com"]}
            assert admin.modify_dn(born, renamed.removesuffix(f",{unit}")), admin.result
            assert read_one(reader, born) is None
            found = read_one(reader, renamed, "cn", directory.anchor)
            assert found == {"cn": ["Ewa, née Müller".encode()], directory.anchor: anchor}
            assert admin.modify_dn(renamed, renamed.removesuffix(f",{unit}"), new_superior=few(directory)), admin.result
            assert read_one(reader, moved, directory.anchor) == {directory.anchor: anchor}
            assert admin.delete(moved), admin.result
            assert read_one(reader, moved) is None

    def test_the_same_name_again_is_another_entry(self, directory: Subject) -> None:
        """An entry that is deleted and added again under its old name has a new anchor."""
        dn = dn_of("Phoenix", f"ou=changing,{directory.base}")
        anchors = set()
        with administering(directory) as admin:
            for _ in range(2):
                assert admin.add(dn, ["inetOrgPerson"], {"sn": "x"}), admin.result
                anchors.add((read_one(admin, dn, directory.anchor) or {})[directory.anchor][0])
                assert admin.delete(dn)
        assert len(anchors) == 2

    def test_a_unit_moves_with_everybody(self, directory: Subject) -> None:
        """Renaming a unit renames everybody below it."""
        unit, other = f"ou=before,ou=changing,{directory.base}", f"ou=after,ou=changing,{directory.base}"
        with administering(directory) as admin:
            assert admin.add(unit, ["organizationalUnit"])
            assert admin.add(dn_of("Ida", unit), ["inetOrgPerson"], {"sn": "x"})
            assert admin.modify_dn(unit, "ou=after"), admin.result
            assert read_one(admin, dn_of("Ida", unit)) is None
            assert read_one(admin, dn_of("Ida", other), "sn") == {"sn": [b"x"]}
            assert admin.delete(dn_of("Ida", other))
            assert admin.delete(other)

    def test_refusals(self, directory: Subject) -> None:
        """What cannot be done is refused by name, and changes nothing."""
        anna, nobody = dn_of("Anna", few(directory)), dn_of("nobody", few(directory))
        with administering(directory) as admin:
            before = read_one(admin, anna)
            admin.add(anna, ["inetOrgPerson"], {"sn": "x"})
            assert admin.result["description"] == "entryAlreadyExists"
            admin.add(dn_of("x", f"ou=nowhere,{directory.base}"), ["inetOrgPerson"], {"sn": "x"})
            assert admin.result["description"] == "noSuchObject"
            admin.modify(nobody, {"sn": [("MODIFY_REPLACE", ["x"])]})
            assert admin.result["description"] == "noSuchObject"
            admin.delete(nobody)
            assert admin.result["description"] == "noSuchObject"
            admin.delete(few(directory))
            assert admin.result["description"] == "notAllowedOnNonLeaf"
            admin.modify(anna, {"telephoneNumber": [("MODIFY_ADD", ["1"])], "title": [("MODIFY_DELETE", ["absent"])]})
            assert admin.result["description"] == "noSuchAttribute"
            admin.modify(anna, {"mail": [("MODIFY_ADD", ["anna@example.com"])]})
            assert admin.result["description"] == "attributeOrValueExists"
            assert read_one(admin, anna) == before

    def test_a_reader_writes_nothing(self, directory: Subject) -> None:
        """An ordinary name may not write."""
        with bound(directory) as reader:
            reader.modify(dn_of("Anna", few(directory)), {"sn": [("MODIFY_REPLACE", ["x"])]})
            assert reader.result["description"] == "insufficientAccessRights"

    def test_members_come_and_go(self, directory: Subject) -> None:
        """A change of a group is seen in the group and in memberOf filters."""
        group, person = dn_of("choir", f"ou=changing,{directory.base}"), dn_of("Otto", f"ou=changing,{directory.base}")
        kind = "groupOfNames" if directory.is_openldap else "group"
        anna = dn_of("Anna", few(directory))
        with administering(directory) as admin:
            assert admin.add(person, ["inetOrgPerson"], {"sn": "x"})
            assert admin.add(group, [kind], {"member": [anna, person]}), admin.result
            assert len((read_one(admin, group, "member") or {})["member"]) == 2
            assert admin.modify(group, {"member": [("MODIFY_DELETE", [anna])]}), admin.result
            members = (read_one(admin, group, "member") or {})["member"]
            assert [member.decode().lower() for member in members] == [person.lower()]
            assert ask(admin, directory.base, f"(member={person})").names() == {"choir"}
            assert admin.delete(group)
            assert admin.delete(person)

    def test_links_follow_in_active_directory(self, active_directory: Subject) -> None:
        """There a group follows the renaming of a member, and forgets one that is deleted."""
        unit = f"ou=changing,{active_directory.base}"
        group, person, renamed = dn_of("band", unit), dn_of("Uwe", unit), dn_of("Ute", unit)
        with administering(active_directory) as admin:
            assert admin.add(person, ["inetOrgPerson"], {"sn": "x"})
            assert admin.add(group, ["group"], {"member": [person]}), admin.result
            assert admin.modify_dn(person, "cn=Ute"), admin.result
            members = (read_one(admin, group, "member") or {})["member"]
            assert [member.decode().lower() for member in members] == [renamed.lower()]
            assert admin.delete(renamed)
            assert read_one(admin, group, "member") == {}
            assert admin.delete(group)

    def test_dangling_members_stay_in_openldap(self, openldap: Subject) -> None:
        """There a group still names a member that is gone."""
        unit = f"ou=changing,{openldap.base}"
        group, person = dn_of("band", unit), dn_of("Uwe", unit)
        with administering(openldap) as admin:
            assert admin.add(person, ["inetOrgPerson"], {"sn": "x"})
            assert admin.add(group, ["groupOfNames"], {"member": [person]})
            assert admin.delete(person)
            assert (read_one(admin, group, "member") or {})["member"] == [person.encode()]
            assert admin.delete(group)
