"""Essences as operations keep them: a plan of a first load holds a hundred thousand, for as long as the load takes."""

import copy
import gc
import pickle
from dataclasses import asdict, replace

import pytest

from ldap2scim.model import Key, ResourceType
from ldap2scim.planning.operation_json import operations_json
from ldap2scim.planning.operations import Adopt, Create, Inputs, Operation, Restore, Update

ESSENCE = '{"display_name":"山田 太郎","title":"社員"}'
NAMED = (Key("ad:1"), ResourceType.USER, "cn=a", Inputs("f", None))
KNOWN = ("17", None, ESSENCE, ())
EACH: list[Create | Adopt | Restore | Update] = [
    Create(*NAMED, ESSENCE),
    Adopt(*NAMED, *KNOWN),
    Restore(*NAMED, *KNOWN),
    Update(*NAMED, *KNOWN),
]


def held(operation: Operation) -> list[object]:
    """Return what an operation refers to."""
    return gc.get_referents(operation)


@pytest.mark.parametrize("operation", EACH)
def test_an_essence_is_kept_as_utf8_alone(operation: Create) -> None:
    """As text it would take two bytes a character, and its UTF-8 beside them once the plan has got its id."""
    operations_json([operation])
    assert ESSENCE.encode() in held(operation)
    assert ESSENCE not in held(operation)


@pytest.mark.parametrize("operation", EACH)
def test_it_reads_as_the_text_that_it_is(operation: Create) -> None:
    """Whoever asks, copies, compares or sends an operation elsewhere sees nothing of it."""
    assert operation.essence == ESSENCE
    assert asdict(operation)["essence"] == ESSENCE
    assert replace(operation, name="cn=b").essence == ESSENCE
    assert replace(operation, essence="{}").essence == "{}"
    assert copy.deepcopy(operation) == operation
    assert pickle.loads(pickle.dumps(operation)) == operation  # noqa: S301 - made here
    assert hash(operation) == hash(copy.copy(operation))
    assert replace(operation, essence="{}") != operation
    assert ESSENCE in repr(operation)
