"""What settings say together."""

from dataclasses import replace
from pathlib import Path

import pytest

from ldap2scim.directory.settings import DirectoryKind, Nesting
from ldap2scim.mapping.spec import ItemRule, Mappings, ResourceMapping, ValueRule
from ldap2scim.planning.policy import SafetyPolicy
from ldap2scim.scim.settings import Leavers, ServiceSettings
from ldap2scim.settings.composed import ConfiguredDirectory, LogLevel, Schedule, Settings
from ldap2scim.state.location import StateFile
from tests.mapping.worlds import DIRECTORY
from tests.validations.worlds import rules
from validations.settings import NO_LDAP_GROUPS, NO_SCIM_GROUPS, check_settings

LOGIN = {"user_name": ValueRule(("userPrincipalName",))}


def directory(name: str = "corp", users: str = "", groups: str = "", **single: ValueRule) -> ConfiguredDirectory:
    """Return a directory; in `single` two underscores stand for the dot of a path."""
    rules_of_users = LOGIN | {path.replace("__", "."): rule for path, rule in single.items()}
    mappings = Mappings(ResourceMapping(rules_of_users), ResourceMapping({"display_name": ValueRule(("cn",))}))
    return ConfiguredDirectory(replace(DIRECTORY, name=name, user_filter=users, group_filter=groups), mappings)


def settings(*directories: ConfiguredDirectory, users: str = "", groups: str = "") -> Settings:
    """Return settings with the SCIM filters given."""
    service = ServiceSettings("iij-id", "https://scim.example", None, Leavers.DELETE, users, groups)
    return Settings(
        file=Path("ldap2scim.yml"),
        directories=directories or (directory(),),
        service=service,
        safety=SafetyPolicy(),
        state=StateFile(Path("state.db")),
        schedule=Schedule(),
        log_level=LogLevel.INFO,
    )


def test_ordinary_settings_have_no_findings() -> None:
    """Filters that select somebody, and no names of another provider: nothing to say."""
    found = check_settings(
        settings(directory(users="(ou=people)", groups="(cn=app-*)"), groups='displayName sw "app-"')
    )

    assert found == ()


@pytest.mark.parametrize("written", [NO_LDAP_GROUPS, "(!(cn=*))", "! ( CN = * )"])
def test_both_halves_of_the_pair_mean_no_groups(written: str) -> None:
    """The manual's pair is complete."""
    assert check_settings(settings(directory(groups=written), groups=NO_SCIM_GROUPS)) == ()


def test_the_ldap_half_alone_stops_the_run() -> None:
    """No group is read while all of the service count as ours: each would be a leaver."""
    found = check_settings(settings(directory(groups=NO_LDAP_GROUPS)))

    assert rules(found) == [("no-groups-pair", "stop")]
    assert NO_SCIM_GROUPS in found[0].remedy


def test_the_scim_half_alone_stops_the_run() -> None:
    """Groups are read while none of the service counts as ours: each would be created in every run."""
    found = check_settings(settings(directory("a", groups=NO_LDAP_GROUPS), directory("b"), groups=NO_SCIM_GROUPS))

    assert rules(found) == [("no-groups-pair", "stop")]
    assert found[0].subjects == ("b",)
    assert NO_LDAP_GROUPS in found[0].remedy


def test_one_directory_of_several_may_give_people_alone() -> None:
    """Where another directory gives the groups, none of them is taken for a leaver."""
    assert check_settings(settings(directory("a", groups=NO_LDAP_GROUPS), directory("b"))) == ()


@pytest.mark.parametrize("written", ["!(cn=*)", "(!(objectClass=*))", "( !( cn=* ) )"])
def test_a_user_filter_that_can_match_nobody_stops_the_run(written: str) -> None:
    """Every user would be a leaver."""
    assert rules(check_settings(settings(directory(users=written)))) == [("filter-selects-nobody", "stop")]


@pytest.mark.parametrize("written", ['userName eq ""', '(username EQ "")'])
def test_a_scim_filter_that_can_match_nobody_stops_the_run(written: str) -> None:
    """Everybody would be created again."""
    assert rules(check_settings(settings(users=written))) == [("filter-selects-nobody", "stop")]


def directory_with(path: str) -> ConfiguredDirectory:
    """Return a directory that maps one more attribute."""
    mappings = Mappings(ResourceMapping({**LOGIN, path: ValueRule(("sAMAccountName",))}), ResourceMapping({}))
    return ConfiguredDirectory(DIRECTORY, mappings)


@pytest.mark.parametrize(("path", "wire"), [("external_user_name", "externalUserName"), ("subject", "subject")])
def test_a_name_at_another_provider_needs_its_issuer(path: str, wire: str) -> None:
    """The service answers 400 for such a name without idTokenClaims.issuer; the run stops before the first request."""
    found = check_settings(settings(directory_with(path)))

    assert rules(found) == [("issuer-missing", "stop")]
    assert wire in found[0].message
    assert "idTokenClaims.issuer" in found[0].remedy


def test_an_issuer_that_is_empty_is_none() -> None:
    """A default of nothing gives no issuer."""
    name, issuer = ValueRule(("sAMAccountName",)), ValueRule(default="")

    found = check_settings(settings(directory(external_user_name=name, id_token_claims__issuer=issuer)))

    assert rules(found) == [("issuer-missing", "stop")]


def test_an_issuer_taken_from_the_directory_alone_is_noted() -> None:
    """Some people may have none there."""
    name, issuer = ValueRule(("sAMAccountName",)), ValueRule(("labeledURI",))

    found = check_settings(settings(directory(external_user_name=name, id_token_claims__issuer=issuer)))

    assert rules(found) == [("issuer-missing", "note")]


def test_a_written_issuer_is_enough() -> None:
    """The default of the manual."""
    name, issuer = ValueRule(("sAMAccountName",)), ValueRule(default="https://sts.example/")

    assert check_settings(settings(directory(external_user_name=name, id_token_claims__issuer=issuer))) == ()


def test_a_name_that_is_left_empty_needs_no_issuer() -> None:
    """Emptying the two attributes is one of the manual's ways out."""
    assert check_settings(settings(directory(subject=ValueRule(default="")))) == ()


IN_CHAIN = "(memberOf:1.2.840.113556.1.4.1941:=cn=idaas,dc=example)"


@pytest.mark.parametrize("where", ["users", "groups"])
def test_the_in_chain_rule_stops_a_run_on_openldap(where: str) -> None:
    """OpenLDAP finds nobody by it and says success: everybody would be a leaver."""
    written = directory(**{where: f"(&(cn=*){IN_CHAIN})"})  # type: ignore[arg-type]  # a filter, not a rule
    openldap = replace(written, settings=replace(written.settings, kind=DirectoryKind.OPENLDAP))

    found = check_settings(settings(openldap))

    assert rules(found) == [("filter-selects-nobody", "stop")]
    assert found[0].subjects == ("corp",)
    assert check_settings(settings(written)) == ()


def test_groups_in_groups_are_kept_where_the_service_is_sent_them() -> None:
    """A profile that does not send them stops the run with the reason; any other mode, or service, is fine."""
    kept = replace(directory(), settings=replace(directory().settings, nesting=Nesting.KEEP))
    flat = replace(directory(), settings=replace(directory().settings, nesting=Nesting.FLATTEN))
    found = check_settings(settings(kept))
    assert rules(found) == [("nesting-not-supported", "stop")]
    assert "iij-id" in found[0].message
    assert "groups:" not in found[0].message + found[0].remedy, "in config.yml it stands elsewhere"
    assert check_settings(settings(flat)) == ()
    generic = settings(kept)
    assert check_settings(replace(generic, service=replace(generic.service, profile="generic"))) == ()


def test_a_filter_that_selects_everybody_is_noted() -> None:
    """It does not say what somebody meant it to say; nothing is stopped for it."""
    found = check_settings(
        settings(directory(users="(|(title=x)(!(title=x)))"), users="userName pr", groups="displayName pr or id pr")
    )

    assert rules(found) == [("filter-selects-everything", "note")] * 3


def test_a_contradiction_stops_the_run() -> None:
    """No entry can satisfy it: everybody would be a leaver."""
    assert rules(check_settings(settings(directory(users="(&(title=x)(!(title=x)))")))) == [
        ("filter-selects-nobody", "stop")
    ]


def test_operators_that_the_service_does_not_know_are_noted() -> None:
    """The filter is not sent then; that half of the pair which means no groups is no such filter."""
    service = settings(users='userName sw "a" or userName eq "b"', groups='displayName eq "x"')
    found = check_settings(replace(service, service=replace(service.service, profile="aws")))

    assert rules(found) == [("filter-not-sent", "note")]
    assert "uses or, sw," in found[0].message


def test_several_addresses_without_a_primary_one_are_noted() -> None:
    """The service would choose one of them."""
    one = directory()
    address, other = ItemRule({"value": ValueRule(("mail",))}), ItemRule({"value": ValueRule(("otherMail",))})
    marked = ItemRule({"value": ValueRule(("mail",)), "primary": ValueRule(default=True)})

    def of(*items: ItemRule) -> list[tuple[str, str]]:
        user = replace(one.mappings.user, multi={"emails": items})
        return rules(check_settings(settings(replace(one, mappings=replace(one.mappings, user=user)))))

    assert of(address, other) == [("no-primary-email", "note")]
    assert of(marked, other) == []
    assert of(address) == []
