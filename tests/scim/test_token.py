"""What an access token says of itself, and when a person is told."""

from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.errors import AccessRefused, ResourceNotFound
from ldap2scim.findings import Finding, Severity
from ldap2scim.model import ResourceType
from ldap2scim.scim.profiles import by_name
from ldap2scim.scim.provider import ScimRequest
from ldap2scim.scim.responses import advised, judge
from ldap2scim.scim.token import TokenFacts, facts_of, milestone, token_findings
from ldap2scim.secret import Secret

NOW = datetime(2026, 11, 16, 9, 0, tzinfo=UTC)
END = datetime(2027, 3, 31, tzinfo=UTC)
IIJ = by_name("iij-id").guidance
GENERIC = by_name("generic").guidance
ALL = "escim_read_users escim_write_users escim_read_groups escim_write_groups"
BOTH = tuple(ResourceType)


def jwt(claims: Any) -> Secret:
    """Return a token with these claims and a signature that nobody looks at."""
    header, payload = (
        urlsafe_b64encode(orjson.dumps(part)).rstrip(b"=").decode() for part in ({"alg": "RS256"}, claims)
    )
    return Secret(f"{header}.{payload}.c2lnbmF0dXJl")


def about(token: Secret | None, written: datetime | None = None, **more: Any) -> tuple[Finding, ...]:
    """Return what is said of a token."""
    kinds = more.get("kinds", BOTH)
    return token_findings(facts_of(token, written), more.get("guidance", IIJ), kinds, more.get("now", NOW))


def test_a_jwt_says_when_it_ends() -> None:
    """Its word counts before that of the settings, which stay behind when a token is replaced."""
    assert facts_of(jwt({"exp": END.timestamp()}), NOW).expires == END
    assert facts_of(jwt({"sub": "x"}), END).expires == END
    assert facts_of(Secret("opaque"), END).expires == END
    assert facts_of(None, None) == TokenFacts(None)


@pytest.mark.parametrize("claims", [{"exp": "soon"}, {"exp": True}, {"exp": 1e30}, {"exp": None}, [1], "text"])
def test_claims_that_mean_nothing_say_nothing(claims: Any) -> None:
    """An odd claim is no reason to stop: the service decides what the token is worth."""
    assert facts_of(jwt(claims), None) == TokenFacts(None)


@given(st.text(alphabet=st.characters(min_codepoint=33, max_codepoint=126), max_size=60))
def test_any_token_can_be_looked_at(text: str) -> None:
    """Law: whatever a token looks like, looking at it raises nothing."""
    for token in (text, f"{text}.{text}.{text}"):
        assert isinstance(facts_of(Secret(token), None), TokenFacts)


@pytest.mark.parametrize(
    ("days", "reached"),
    [
        (31, None),
        (30.1, None),
        (30, 30),
        (15, 30),
        (14, 14),
        (7, 7),
        (3, 3),
        (1.5, 3),
        (1, 1),
        (0.01, 1),
        (0, 0),
        (-9, 0),
    ],
)
def test_milestones(days: float, reached: int | None) -> None:
    """A person is told 30, 14, 7, 3 and 1 days before, and after."""
    assert milestone(NOW + timedelta(days=days), NOW) == reached


def test_the_words_get_more_urgent() -> None:
    """From three days before the end on; after it the run stops. The remedy is that of the service."""
    (early,) = about(None, NOW + timedelta(days=20))
    assert (early.rule, early.severity) == ("token-expires-soon", Severity.NOTE)
    assert early.message == "The access token of the service expires at 2026-12-06 09:00 UTC, in 20 days."
    (late,) = about(None, NOW + timedelta(days=2, hours=1))
    assert late.message.startswith("URGENT: ")
    assert late.severity is Severity.NOTE
    (over,) = about(None, NOW - timedelta(minutes=1))
    assert (over.rule, over.severity) == ("token-expired", Severity.STOP)
    assert all("ID administrator" in one.remedy for one in (early, late, over))
    assert about(None, NOW + timedelta(days=60)) == ()


@pytest.mark.parametrize(
    "claims", [{"scope": ALL}, {"scp": ALL.split()}, {"scope": ALL.split()}, {"sub": "says nothing"}]
)
def test_scopes_that_suffice(claims: dict[str, Any]) -> None:
    """As a text or a list, under either name; a token that does not say is left to the service."""
    assert about(jwt(claims)) == ()


def test_a_token_for_passwords_alone_is_refused() -> None:
    """It names what is missing before anything is sent; where no groups are synchronised it suffices."""
    token = jwt({"scope": "escim_read_users escim_write_users"})
    (found,) = about(token)
    assert (found.rule, found.severity) == ("token-scope-missing", Severity.STOP)
    assert "escim_read_groups, escim_write_groups" in found.message
    assert about(token, kinds=(ResourceType.USER,)) == ()


def test_scopes_of_another_vocabulary_are_a_note() -> None:
    """The names are published facts, and may change: the service's word counts."""
    (found,) = about(jwt({"scope": "scim.full"}))
    assert (found.rule, found.severity) == ("token-scope-missing", Severity.NOTE)
    assert about(jwt({"scope": "anything"}), guidance=GENERIC) == ()


def refusal(status: int, method: str = "GET", path: str = "/Users/1", profile: str = "iij-id") -> str:
    """Return the remedy of a refused request."""
    request = ScimRequest(method, path, body={} if method == "POST" else None)
    body = orjson.dumps({"schemas": ["urn:ietf:params:scim:api:messages:2.0:Error"], "status": str(status)})
    with pytest.raises((AccessRefused, ResourceNotFound)) as caught:
        judge(request, status, {"content-type": "application/scim+json"}, body)
    return advised(caught.value, request, by_name(profile).guidance).remedy


def test_a_refused_token_has_the_remedy_of_the_service() -> None:
    """401 names what revokes a token at the IIJ ID Service, 403 the scopes; other services have plain words."""
    assert "disabling or deleting the user who owns it" in refusal(401)
    assert "vanishes" in refusal(401)
    assert all(scope in refusal(403) for scope in ALL.split())
    assert "escim" not in refusal(401, profile="generic") + refusal(403, profile="generic")


def test_a_404_to_a_creation_may_be_an_unknown_domain() -> None:
    """The IIJ ID Service answers so for a login in a domain that the tenant does not have; a search means the rest."""
    assert "domain" in refusal(404, "POST", "/Users")
    assert "domain" not in refusal(404, "POST", "/Users/.search")
    assert "domain" not in refusal(404)
    assert "base URL" in refusal(404, "POST", "/Users", "generic")
