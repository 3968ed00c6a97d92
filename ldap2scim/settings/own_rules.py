r"""An administrator's own rules, out of the files that `rules` names. Reads those files.

A rules file is YAML or JSON; each rule has a name, says whom it is about, and what must hold of them:

    rules:
      admins-are-numbered: {every: member of admins, has: [employeeNumber]}
      logins-are-ours: {every: user, matches: {userName: '.+@example\.jp'}, severity: note}
      two-of-break-glass: {count: member of break-glass, least: 2}
      break-glass-stays: {never: [disable], to: member of break-glass}

A file with `expectations` is a suite of Great Expectations 1.x.
"""

import re
from pathlib import Path
from typing import Any

from ldap2scim.directory import dn
from ldap2scim.findings import Severity
from ldap2scim.model import ResourceType
from ldap2scim.settings.attribute_names import VOCABULARIES
from ldap2scim.settings.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ldap2scim.settings.own_rule_words import (
    BELOW,
    MEMBER,
    SUITE_COLUMNS,
    Condition,
    CountRule,
    EveryRule,
    Frame,
    OwnRules,
    PlanRule,
    Sort,
    StateRule,
    Subject,
    Suite,
    Verb,
)
from ldap2scim.settings.reading import Field, Parser, Section, Unfit, unknown
from ldap2scim.settings.values import filled, one_of, texts, whole
from ldap2scim.settings.yaml_reader import read

_NAME = re.compile(r"[a-z0-9]([a-z0-9-]*[a-z0-9])?")
_MANY = 100_000_000


def read_own_rules(parent: Section) -> OwnRules:
    """Return the rules of the files that the setting names; problems are in the reading."""
    state: list[StateRule] = []
    plan: list[PlanRule] = []
    suites: list[Suite] = []
    for path in parent.take("rules", _paths, ()):
        tree = read(path, parent.reading.problems)
        if tree is None:
            continue
        root = Section(parent.reading, "", tree, tree.place)
        if tree.get("expectations") is not None:
            suite = _suite(root, path)
            suites += [suite] if suite is not None else []
        else:
            _read_file(root, state, plan)
            root.finish()
    return OwnRules(tuple(state), tuple(plan), tuple(suites))


def _paths(field: Field) -> tuple[Path, ...]:
    found = tuple(field.reading.base / Path(name).expanduser() for name in texts(field))
    for path in found:
        if problem := field.reading.unreadable(path):
            raise Unfit(f"names the file {path}, which cannot be read: {problem}.")
    return found


def _read_file(root: Section, state: list[StateRule], plan: list[PlanRule]) -> None:
    section = root.section("rules")
    for name in [entry.name for entry in section.node.entries] if section.node else []:
        if not _NAME.fullmatch(name) or name in {rule.name for rule in (*state, *plan)}:
            section.problem(name, "is no usable name: lower-case letters, digits and hyphens, and each once.")
        rule = section.section(name)
        if rule.get("never") is not None:
            plan.append(_plan_rule(rule, name))
        elif rule.get("count") is not None:
            state.append(_count_rule(rule, name))
        else:
            state.append(_every_rule(rule, name))
        rule.finish()


def _every_rule(section: Section, name: str) -> EveryRule:
    subject = section.require("every", _subject, Subject(ResourceType.USER), _HINT)
    where = _where(section, subject.kind)
    conditions = _conditions(section, subject.kind)
    written = {entry.name for entry in section.node.entries} if section.node else set()
    if not conditions and written <= _NO_CONDITIONS:  # else it says something that cannot be understood
        section.reading.problem(section.place, section.path, "says nothing: write `has`, `lacks`, `matches` or `is`.")
    return EveryRule(name, _severity(section), subject, where, conditions)


def _count_rule(section: Section, name: str) -> CountRule:
    subject = section.require("count", _subject, Subject(ResourceType.USER), _HINT)
    where = _where(section, subject.kind)
    least = section.read("least", whole(0, _MANY), 0)
    most = section.read("most", whole(0, _MANY), None)
    if section.get("least") is None and section.get("most") is None:
        section.reading.problem(section.place, section.path, "says nothing: write `least`, `most` or both.")
    return CountRule(name, _severity(section), subject, where, least, most)


def _plan_rule(section: Section, name: str) -> PlanRule:
    verbs = section.read("never", _verbs, frozenset())
    subject = section.require("to", _subject, Subject(ResourceType.USER), _HINT)
    if subject.below is not None:
        section.problem("to", "cannot be a branch: somebody who has left has no place in the directory any more.")
    if Verb.LEAVE in verbs and subject.group is None:
        section.problem("to", "must be `member of NAME` where nobody may `leave`.")
    return PlanRule(name, verbs, subject)


_NO_CONDITIONS = frozenset({"every", "where", "severity"})
_HINT = ", such as `user`, `group`, `user below DN` or `member of NAME`"


def _where(section: Section, kind: ResourceType) -> tuple[Condition, ...]:
    part = section.section("where")
    conditions = _conditions(part, kind)
    part.finish()
    return conditions


def _severity(section: Section) -> Severity:
    return section.read("severity", one_of(Severity), Severity.HOLD)


def _subject(field: Field) -> Subject:
    value = " ".join(filled(field).split())
    kinds = {kind.value.lower(): kind for kind in ResourceType}
    if value in kinds:
        return Subject(kinds[value])
    if value.startswith(MEMBER):
        return Subject(ResourceType.USER, group=value.removeprefix(MEMBER))
    kind, joint, place = value.partition(BELOW)
    if joint and kind in kinds:
        try:
            return Subject(kinds[kind], below=dn.normalise(place))
        except dn.DnError as error:
            raise Unfit(f"names no DN (RFC 4514) after `below`: expected {error.expected}.") from error
    raise Unfit("must be `user`, `group`, `user below DN`, `group below DN` or `member of NAME`.")


def _verbs(field: Field) -> frozenset[Verb]:
    found = texts(field)
    known = [verb.value for verb in Verb]
    for word in found:
        if word not in known:
            raise Unfit(f"names `{word[:60]}`, which {unknown(word, known)}")
    return frozenset(map(Verb, found))


def _conditions(section: Section, kind: ResourceType) -> tuple[Condition, ...]:
    found: list[Condition] = []
    for sort in (Sort.HAS, Sort.LACKS):
        found += [Condition(sort, name, path) for name, path in section.read(sort.value, _attributes(kind), ())]
    for sort, values in ((Sort.MATCHES, _pattern), (Sort.IS, _values)):
        part = section.section(sort.value)
        for entry in part.node.entries if part.node else ():
            try:
                path = _path_of(entry.name, kind)
            except Unfit as error:
                part.problem(entry.name, str(error))
                continue
            condition = part.read(entry.name, values(sort, entry.name, path), None)
            found += [condition] if condition is not None else []
    return tuple(found)


def _pattern(sort: Sort, name: str, path: str) -> Parser[Condition]:
    def parse(field: Field) -> Condition:
        try:
            return Condition(sort, name, path, pattern=re.compile(_plain_text(field)))
        except re.error as error:
            raise Unfit(f"is no regular expression: {error}.") from error

    return parse


def _plain_text(field: Field) -> str:
    """Return a text as written: `${` has a meaning of its own in a pattern."""
    if isinstance(field.node, ScalarNode) and field.node.text:
        return field.node.text
    raise Unfit("must be a text.")


def _values(sort: Sort, name: str, path: str) -> Parser[Condition]:
    return lambda field: Condition(sort, name, path, values=frozenset(texts(field)))


def _attributes(kind: ResourceType) -> Parser[tuple[tuple[str, str], ...]]:
    return lambda field: tuple((name, _path_of(name, kind)) for name in texts(field))


def _path_of(name: str, kind: ResourceType) -> str:
    """Return the path of an attribute; the last word alone is enough where only one attribute has it. Raises Unfit."""
    vocabulary = VOCABULARIES[kind]
    known: dict[str, str] = {**vocabulary.single, **vocabulary.multi}
    if name in known:
        return known[name]
    last = {written: re.split(r"[.:]", written)[-1] for written in known}
    short = {known[written] for written, word in last.items() if word == name}
    if len(short) == 1:
        return short.pop()
    raise Unfit(f"names `{name[:60]}`, which {unknown(name, [*known, *last.values()])}")


def _suite(root: Section, path: Path) -> Suite | None:
    content = _plain(root.node) if root.node is not None else {}
    name = content.get("name")
    if name not in {frame.value for frame in Frame}:
        root.problem("name", f"must be what the suite is about: {', '.join(Frame)}.")
        return None
    expectations = content["expectations"]
    if not isinstance(expectations, list) or not expectations or not all(map(_is_expectation, expectations)):
        root.problem("expectations", "must be a list of expectations, each with a `type` and `kwargs`.")
        return None
    frame = Frame(name)
    kind = ResourceType.GROUP if frame is Frame.GROUPS else ResourceType.USER
    attributes: dict[str, str] = {}
    for column in dict.fromkeys(column for one in expectations for column in _columns(one["kwargs"])):
        if column in SUITE_COLUMNS[frame]:
            continue
        if frame is Frame.MEMBERS:
            known = list(SUITE_COLUMNS[frame])
            root.problem("expectations", f"names the column `{column[:60]}`, which {unknown(column, known)}")
            continue
        try:
            attributes[column] = _path_of(column, kind)
        except Unfit as error:
            root.problem("expectations", str(error))
    return Suite(path.name, frame, content, tuple(attributes.items()))


def _is_expectation(one: Any) -> bool:  # noqa: ANN401 - JSON
    return isinstance(one, dict) and isinstance(one.get("type"), str) and isinstance(one.get("kwargs"), dict)


def _columns(kwargs: dict[str, Any]) -> list[str]:
    """Return the columns that an expectation names: `column`, `column_A`, `column_list`, `column_set`."""
    found: list[str] = []
    for name, value in kwargs.items():
        if name.startswith("column") and name != "column_index":
            found += [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]
    return found


def _plain(node: Node) -> Any:  # noqa: ANN401 - JSON
    match node:
        case MappingNode(entries=entries):
            return {entry.name: _plain(entry.node) for entry in entries}
        case SequenceNode(items=items):
            return [_plain(item) for item in items]
        case ScalarNode(value=value):
            return value
