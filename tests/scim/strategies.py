"""Random attributes of the catalogue, and the samples of the RFCs."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from hypothesis import strategies as st

from ldap2scim.model import (
    COMPLEX_USER_ATTRIBUTES,
    EXTENSIONS,
    MULTI_VALUED_USER_ATTRIBUTES,
    SINGLE_GROUP_ATTRIBUTES,
    SINGLE_USER_ATTRIBUTES,
    Attributes,
    ResourceType,
)
from ldap2scim.scim.wire import Managed

SAMPLES = Path(__file__).parents[1] / "samples"
TEXT = st.text(st.characters(codec="utf-8"), min_size=1, max_size=12)
URNS = st.sampled_from(["urn:example:params:scim:schemas:extension:acme:2.0:User", "urn:x:y"])
WIRE_NAMES = st.sampled_from(["badge", "costCentre", "shoeSize"])


def sample(name: str) -> Any:
    """Return an example of RFC 7643 or RFC 7644 by the start of its file's name."""
    (path,) = SAMPLES.glob(f"{name}*.json")
    return json.loads(path.read_text(encoding="utf-8"))


def _sub_attributes(names: frozenset[str]) -> st.SearchStrategy[Mapping[str, Any]]:
    values = {name: st.booleans() if name == "primary" else TEXT for name in sorted(names)}
    # `primary: false` alone is nothing, so a text is always there.
    first = next(name for name in sorted(names) if name != "primary")
    return st.fixed_dictionaries(
        {first: TEXT}, optional={name: value for name, value in values.items() if name != first}
    )


def users() -> st.SearchStrategy[Attributes]:
    """Attributes of a user."""
    optional: dict[str, st.SearchStrategy[Any]] = {
        name: st.booleans() if name == "active" else TEXT for name in sorted(SINGLE_USER_ATTRIBUTES - {"user_name"})
    }
    optional |= {name: _sub_attributes(subs) for name, subs in COMPLEX_USER_ATTRIBUTES.items()}
    optional |= {
        name: st.lists(_sub_attributes(subs), min_size=1, max_size=3).map(tuple)
        for name, subs in MULTI_VALUED_USER_ATTRIBUTES.items()
    }
    scalars = TEXT | st.booleans() | st.integers(-(2**63), 2**63 - 1)
    optional[EXTENSIONS] = st.dictionaries(URNS, st.dictionaries(WIRE_NAMES, scalars, min_size=1), min_size=1)
    return st.fixed_dictionaries({"user_name": TEXT}, optional=optional)


def groups() -> st.SearchStrategy[Attributes]:
    """Attributes of a group."""
    return st.fixed_dictionaries(
        {"display_name": TEXT}, optional=dict.fromkeys(sorted(SINGLE_GROUP_ATTRIBUTES - {"display_name"}), TEXT)
    )


def everything_managed(resource_type: ResourceType, attributes: Attributes) -> Managed:
    """Return a mapping's reach: the whole catalogue, and the extensions that `attributes` has."""
    extensions: Any = attributes.get(EXTENSIONS, {})
    match resource_type:
        case ResourceType.GROUP:
            return dict.fromkeys(SINGLE_GROUP_ATTRIBUTES)
        case ResourceType.USER:
            return {
                **dict.fromkeys(SINGLE_USER_ATTRIBUTES),
                **COMPLEX_USER_ATTRIBUTES,
                **MULTI_VALUED_USER_ATTRIBUTES,
                EXTENSIONS: frozenset(f"{urn}.{name}" for urn, held in extensions.items() for name in held),
            }
