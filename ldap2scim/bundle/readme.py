"""What a bundle says of itself: what is in it, what was replaced, and what was left out because of names. Pure."""

from collections.abc import Iterator, Mapping

from ldap2scim.bundle.archive import FACTS, SETTINGS, table_member
from ldap2scim.bundle.columns import TABLES
from ldap2scim.state.schema import metadata

_INTRODUCTION = """\
A support bundle of ldap2scim: the state of one installation with every name replaced, from which the same plan follows.

  ldap2scim bundle --replay FILE     makes the plan anew from this file; no directory and no service is asked

What was replaced, and what of it can still be seen
  Every word of a name, login, address, DN, id or text is replaced by another one, the same one wherever it stands,
  by a key that is not in this file. To be seen are lengths, classes of letters, case and width, the signs between
  words, which values are equal (also once case and width are set aside), how often one comes, who is in which group,
  and times. Somebody who knows the directory well may tell a person by such things alone: hand the file to those who
  need it.
  Names of attributes, classes, extension schemas and profiles stay, and so do languages, time zones, and the
  canonical types of RFC 7643 (work, home, ...). Texts that differ only in rarer compatible forms became equal.

What is in it
"""
_LEFT_OUT = """\
What was left out, since it may hold names or secrets
  - passwords, tokens, certificates, keys, host names, addresses of servers, proxies and the service, paths of files
  - how people are written to (`mail`), and those of an administrator's own rules that have patterns or suites ({rules})
  - values of entries as the directory has them; of each entry there is what the mapping made of it
  - the sentences of findings and errors; the rule and the subjects are there
  - patterns of `convert` in the mapping ({conversions} of them); the mapping is not done again
  - approvals of changed members: who would enter and leave is what they are tied to, and that has other names here
"""


def readme(facts: Mapping[str, object], conversions: int, rules: int) -> str:
    """Return the text.

    Args:
        facts: as in `bundle.json`.
        conversions: how many patterns of the mapping were left out.
        rules: how many of the administrator's own rules were.
    """
    return "\n".join((*_lines(facts, conversions, rules), ""))


def left_out() -> dict[str, list[str]]:
    """Return the tables of the state that are not in a bundle, and of the others the columns that are not."""
    missing = {
        str(table.name): [str(column.name) for column in table.columns if column.name not in TABLES.get(table.name, {})]
        for table in metadata.sorted_tables
    }
    return {name: columns for name, columns in sorted(missing.items()) if columns}


def _lines(facts: Mapping[str, object], conversions: int, rules: int) -> Iterator[str]:
    yield _INTRODUCTION.rstrip("\n")
    yield f"  {FACTS}: program, versions, time of evaluation, and what the plan looks like that follows from it"
    yield f"  {SETTINGS}: directories with their mappings, service, safety policy"
    yield from (f"  {table_member(name)}" for name in sorted(TABLES))
    yield ""
    yield _LEFT_OUT.format(conversions=conversions, rules=rules).rstrip("\n")
    for name, columns in left_out().items():
        what = f"columns {', '.join(columns)} of the table {name}" if name in TABLES else f"the table {name}"
        yield f"  - {what}"
    yield ""
    yield f"Written by ldap2scim {facts['program']}; the plan that it is about begins with {facts['plan_id']}."
