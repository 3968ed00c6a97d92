"""Which resources have a name that filters ask for."""

from collections.abc import Iterator, Mapping

from scim2_models.path import CompareOperator, Comparison, FilterNode, LogicalExpr, LogicalOperator

from ldap2scim.sandbox.service.records import Record
from ldap2scim.sandbox.service.schemas import resource_rules

_INDEXED = ("userName", "externalId", "displayName")


class Names:
    """An index; whoever changes it holds the lock of the store."""

    def __init__(self) -> None:
        self._holders: dict[tuple[str, str], dict[str, set[str]]] = {}

    def matching(self, kind: str, node: FilterNode | None) -> list[str] | None:
        """Return the ids among which all matches of a filter are; None: it asks for none of these names."""
        match node:
            case LogicalExpr(op=LogicalOperator.and_, terms=terms):
                return next((found for term in terms if (found := self.matching(kind, term)) is not None), None)
            case Comparison(attr_path=path, op=CompareOperator.eq, value=str(value)) if (
                path.uri is None and path.sub_attr is None
            ):
                name = path.attr.lower()
                if name == "id":
                    return [value]
                attribute = next((each for each in _INDEXED if each.lower() == name), None)
                return None if attribute is None else sorted(self.having(kind, attribute, value))
        return None

    def having(self, kind: str, attribute: str, value: str) -> set[str]:
        """Return the ids of the resources that have a name, compared as the attribute is."""
        return self._holders.get((kind, attribute), {}).get(self._folded(kind, attribute, value), set())

    @staticmethod
    def _folded(kind: str, attribute: str, value: str) -> str:
        rule = resource_rules(kind).get(attribute.lower())
        return value if rule is None or rule.case_exact else value.casefold()

    def enter(self, record: Record) -> None:
        """Take in the names of a record."""
        for attribute, value in self._indexable(record):
            self._holders.setdefault((record.kind, attribute), {}).setdefault(value, set()).add(record.id)

    def _indexable(self, record: Record) -> Iterator[tuple[str, str]]:
        for attribute in _INDEXED:
            value = record.resource.get(attribute)
            if isinstance(value, str):
                yield attribute, self._folded(record.kind, attribute, value)

    def leave(self, record: Record) -> None:
        """Forget the names of a record."""
        for attribute, value in self._indexable(record):
            holders: Mapping[str, set[str]] = self._holders.get((record.kind, attribute), {})
            holders.get(value, set()).discard(record.id)
