"""A mapped person with the IDs that a re-created account keeps. Pure."""

from ldap2scim.essence import fingerprint, from_essence, to_essence
from ldap2scim.mapping.mapper import Mapped
from ldap2scim.model import AttributeValue

EXTERNAL_ID, LINKING_ID = "external_id", "downstream_id"


def with_kept_ids(mapped: Mapped, external_id: str, linking_id: str | None) -> Mapped:
    """Return what was mapped with another external ID and linking ID; None takes the linking ID away."""
    attributes: dict[str, AttributeValue] = {**from_essence(mapped.essence), EXTERNAL_ID: external_id}
    attributes.pop(LINKING_ID, None)
    if linking_id is not None:
        attributes[LINKING_ID] = linking_id
    essence = to_essence(attributes)
    return mapped._replace(essence=essence, fingerprint=fingerprint(essence), external_id=external_id)
