"""What RFC 7644 asks of a service that is searched, asked of the embedded one and of scim2-server alike."""

import httpx
import pytest

from tests.contract.talking import GROUP, SEARCH, assert_error, created, found, numbers, user


@pytest.mark.parametrize(
    ("template", "hit"),
    [
        ('externalId eq "{externalId}"', True),
        ('externalId eq "{upper}"', False),
        ('userName eq "{loud}"', True),
        ('userName eq "{userName}" and active eq true', True),
        ('externalId pr and (externalId eq "{externalId}")', True),
        ('not (active eq true) and userName eq "{userName}"', False),
        ('userName sw "{userName}" and emails[type eq "work" and value co "@mail"]', True),
        ('emails.value ew "{userName}.mail.test" or externalId eq "nobody"', False),
        ('userName eq "{userName}" and title ne "x"', True),
        ('userName eq "{userName}" and meta.lastModified gt "2011-05-13T04:42:34Z"', True),
        ('userName eq "{userName}" and meta.lastModified lt "2011-05-13T04:42:34Z"', False),
    ],
)
def test_filters_find_what_they_say(http: httpx.Client, template: str, hit: bool) -> None:
    """The externalId is compared exactly, userName without case; and, or, not, groups and value filters hold."""
    body = user(active=True, title="T", emails=[{"value": f"me{next(numbers)}@mail.test", "type": "work"}])
    body["externalId"] = f"x{body['externalId']}"
    created(http, user(active=True))
    resource = created(http, body)
    texts = {"upper": body["externalId"].upper(), "loud": body["userName"].upper()}
    scim_filter = template.format(**{**body, **texts})
    assert found(http, "/Users", scim_filter) == ([resource["id"]] if hit else [])


def test_a_filter_value_with_quotes_and_backslashes_is_a_value(http: httpx.Client) -> None:
    """A quoted value is JSON text: escapes are read, and it stays one value."""
    name = f'O"Hara\\{next(numbers)} or userName pr'
    resource = created(http, user(externalId=name))
    created(http, user())
    quoted = name.replace("\\", "\\\\").replace('"', '\\"')
    assert found(http, "/Users", f'externalId eq "{quoted}"') == [resource["id"]]


def test_a_filter_that_cannot_be_read_is_refused(http: httpx.Client) -> None:
    """A broken filter is 400 invalidFilter, never everybody."""
    for broken in ("userName eq", 'userName like "a"', "(userName pr"):
        assert_error(http.get("/Users", params={"filter": broken}), 400, "invalidFilter")


def test_a_search_by_post_answers_like_a_list(http: httpx.Client) -> None:
    """`POST /Users/.search` takes the filter in its body, and the attributes wanted."""
    body = user(title="T")
    resource = created(http, body)
    asked = {"schemas": [SEARCH], "filter": f'externalId eq "{body["externalId"]}"', "attributes": ["externalId"]}
    answer = http.post("/Users/.search", json=asked)
    assert answer.status_code == 200
    assert answer.json()["totalResults"] == 1
    only = answer.json()["Resources"][0]
    assert (only["id"], only["externalId"], "title" in only) == (resource["id"], body["externalId"], False)


def test_250_resources_are_read_page_by_page_to_the_end(http: httpx.Client) -> None:
    """Every page names the same total, no id comes twice, and beyond the end there is nothing."""
    mark = f"paging{next(numbers)}"
    expected = {created(http, user(title=mark))["id"] for _ in range(250)}
    read: list[str] = []
    while True:
        query = {"filter": f'title eq "{mark}"', "startIndex": str(len(read) + 1), "count": "60"}
        page = http.get("/Users", params=query).json()
        assert page["totalResults"] == 250
        ids = [each["id"] for each in page.get("Resources") or []]
        assert len(ids) <= 60
        if not ids:
            break
        read += ids
    assert len(read) == 250
    assert set(read) == expected
    none = http.get("/Users", params={"filter": f'title eq "{mark}"', "count": "0"}).json()
    assert (none["totalResults"], none.get("Resources") or []) == (250, [])


def test_groups_are_found_by_name(http: httpx.Client) -> None:
    """The displayName of a group can be filtered."""
    name = f"経理部 {next(numbers)}"
    group = created(http, {"schemas": [GROUP], "displayName": name, "externalId": "g-1"})
    assert found(http, "/Groups", f'displayName eq "{name}"') == [group["id"]]
