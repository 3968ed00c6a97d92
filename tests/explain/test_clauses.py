"""Which clause of a filter decides, and how it is told."""

from hypothesis import given
from hypothesis import strategies as st

from ldap2scim.directory.filters import And, Filter, Not, Or, Present, parse, render
from ldap2scim.explain.clauses import MOST_CLAUSES, Clause, decisive, evaluate, named, rows

LEAVES = [Present(name) for name in ("a", "b", "c", "d")]
FILTERS = st.recursive(
    st.sampled_from(LEAVES),
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3).map(lambda found: And(tuple(found))),
        st.lists(inner, min_size=1, max_size=3).map(lambda found: Or(tuple(found))),
        inner.map(Not),
    ),
    max_leaves=8,
)


def truth(found: Filter, true: frozenset[Filter]) -> bool:
    """Say whether a filter holds where these leaves, or whole clauses, do."""
    match found:
        case And(inner):
            return all(truth(one, true) for one in inner)
        case Or(inner):
            return any(truth(one, true) for one in inner)
        case Not(one):
            return not truth(one, true)
        case _:
            return found in true


@given(FILTERS, st.frozensets(st.sampled_from(LEAVES)))
def test_the_decisive_clauses_decide(found: Filter, true: frozenset[Filter]) -> None:
    """Were the decisive clauses, and those alone, the other way round, so would be the filter."""
    clause = evaluate(found, lambda one: truth(one, true))
    deciding = [id(one) for one in decisive(clause)]
    assert clause.holds is truth(found, true)
    assert _with(clause, deciding) is not clause.holds


@given(FILTERS, st.frozensets(st.sampled_from(LEAVES)))
def test_every_clause_is_told_once(found: Filter, true: frozenset[Filter]) -> None:
    """As many lines as clauses, each with the answer of the server."""
    clause = evaluate(found, lambda one: truth(one, true))
    assert len(list(rows(clause))) == _size(found)


def test_clauses_are_told_as_a_tree() -> None:
    """Composed clauses have a heading, and their parts stand below."""
    clause = evaluate(parse("(&(a=*)(!(b=*)))"), lambda one: truth(one, frozenset({Present("a"), Present("b")})))
    assert list(rows(clause)) == [
        ("does not hold", "all of:"),
        ("holds", "  (a=*)"),
        ("does not hold", "  not:"),
        ("holds", "    (b=*)"),
    ]
    assert named(decisive(clause), "and") == "(!(b=*))"


def test_a_server_that_finds_a_clause_undefined_decides() -> None:
    """What the server answers of the whole counts, not what we would make of its parts (RFC 4511 §4.5.1.7)."""
    clause = evaluate(parse("(!(unknown=x))"), lambda _: False)
    assert not clause.holds
    assert [render(one.filter) for one in decisive(clause)] == ["(!(unknown=x))"]


def test_an_enormous_filter_is_asked_about_in_pieces() -> None:
    """A filter of thousands of clauses costs a limited number of questions about its composed parts."""
    asked: list[Filter] = []

    def holds(one: Filter) -> bool:
        asked.append(one)
        return True

    evaluate(And((Or(tuple(LEAVES)),) * 1000), holds)
    assert len(asked) < MOST_CLAUSES + 1010


def _with(clause: Clause, flipped: list[int]) -> bool:
    if id(clause) in flipped:
        return not clause.holds
    match clause.filter:
        case And():
            return all(_with(part, flipped) for part in clause.parts)
        case Or():
            return any(_with(part, flipped) for part in clause.parts)
        case Not():
            return not _with(clause.parts[0], flipped)
        case _:
            return clause.holds


def _size(found: Filter) -> int:
    match found:
        case And(inner) | Or(inner):
            return 1 + sum(map(_size, inner))
        case Not(one):
            return 1 + _size(one)
        case _:
            return 1
