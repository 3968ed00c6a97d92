"""The suites that describe a state with Great Expectations, and publish what they saw as Data Docs.

They decide nothing: the pure checks do (`validations.state`). Importing this module takes seconds, so that nothing
may import it at start-up. The context lives in memory, sends nothing anywhere, and keeps no value of an entry.
"""

import logging
import re
import tempfile
import warnings
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd

from ldap2scim.errors import Ldap2ScimError
from ldap2scim.findings import Severity
from ldap2scim.planning.frames import ABSENT, TEXT
from validations.data_docs import publish
from validations.description import (
    GROUP_COLUMNS,
    USER_COLUMNS,
    CrashedRule,
    Description,
    FailedRule,
    SuiteOutcome,
)
from validations.expectations import ExpectColumnValuesToBeUniqueAsCompared

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import great_expectations as gx
    import great_expectations.expectations as gxe
    from great_expectations.exceptions import GreatExpectationsError

# This one sets its own level, and tells of each temporary folder.
logging.getLogger("great_expectations.data_context.types.base").setLevel(logging.WARNING)

LONGEST_LOGIN = 256
"""Characters; an address has at most 254 (RFC 5321 §4.5.3.1.3), and services rarely take more."""
ADDRESS = r"^[^@\s]+@[^@\s]+$"
"""A local part and a domain; services differ in what else they want of an address (RFC 7643 §4.1.2)."""
MOST_ADDRESSES = 0.99
"""The share of addresses that must look like one: a few odd ones are told by the service, a mapping accident here."""
RESULT_FORMAT = {"result_format": "SUMMARY", "exclude_unexpected_values": True}
"""Counts alone: values are people's data, and row numbers by column cost 40 microseconds each."""
_SEVERITIES = {Severity.STOP: "critical", Severity.HOLD: "warning", Severity.NOTE: "info"}
_SITE = "ldap2scim"
_EXCEPTION_LINE = re.compile(r"^(?:\w+\.)*([A-Z]\w*)(?::|$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Suite:
    """Rules about one kind of resource."""

    name: str
    columns: tuple[str, ...]
    expectations: tuple[Any, ...]


def describe(users: pd.DataFrame, groups: pd.DataFrame, folder: Path) -> Description:
    """Describe the desired state, and write the Data Docs.

    Args:
        users: text columns key, login, dn, email and external_id, among others; absent is `planning.frames.ABSENT`.
        groups: text columns key, login, dn and external_id, among others.
        folder: where the pages go; made where it is missing.

    Raises:
        Ldap2ScimError: Great Expectations cannot work, or the pages cannot be written. A broken rule is no error.
    """
    suites = (users_suite(), groups_suite())
    try:
        with tempfile.TemporaryDirectory(prefix="ldap2scim-docs-") as draft:
            context = _context(Path(draft))
            found = [
                _outcome(suite, _run(context, suite, frame))
                for suite, frame in zip(suites, (users, groups), strict=True)
            ]
            context.build_data_docs(site_names=[_SITE])
            index = publish(Path(draft), folder, found)
    except OSError as error:
        raise Ldap2ScimError(
            f"The Data Docs cannot be written to {folder}: {error.strerror}.",
            "Choose a folder that can be written to, with some megabytes free. The synchronisation does not need them.",
        ) from error
    except GreatExpectationsError as error:
        raise Ldap2ScimError(
            f"Great Expectations could not describe the state ({type(error).__name__}).",
            "The synchronisation does not need it. Install the locked version of great-expectations again.",
        ) from error
    return Description(found[0], found[1], index)


def users_suite() -> Suite:
    """Return what is expected of people."""
    return Suite(
        "users",
        USER_COLUMNS,
        (
            _rule(gxe.ExpectTableRowCountToBeBetween, "empty-read", Severity.STOP, "There is a user.", min_value=1),
            *_keys(),
            _rule(
                gxe.ExpectColumnValuesToNotBeNull,
                "missing-required-attribute",
                Severity.HOLD,
                "Every user has a login.",
                column="login",
            ),
            _rule(
                ExpectColumnValuesToBeUniqueAsCompared,
                "duplicate-login",
                Severity.HOLD,
                "No two users have the same login once case, width and blanks are set aside.",
                column="login",
            ),
            _rule(
                gxe.ExpectColumnValueLengthsToBeBetween,
                "long-login",
                Severity.NOTE,
                f"A login has at most {LONGEST_LOGIN} characters.",
                column="login",
                max_value=LONGEST_LOGIN,
            ),
            _rule(
                gxe.ExpectColumnValuesToMatchRegex,
                "email-syntax",
                Severity.NOTE,
                f"At least {MOST_ADDRESSES:.0%} of the e-mail addresses look like one.",
                column="email",
                regex=ADDRESS,
                mostly=MOST_ADDRESSES,
            ),
            _unique_external_ids(),
        ),
    )


def groups_suite() -> Suite:
    """Return what is expected of groups."""
    return Suite(
        "groups",
        GROUP_COLUMNS,
        (
            _rule(
                gxe.ExpectTableRowCountToBeBetween, "no-groups-read", Severity.NOTE, "There is a group.", min_value=1
            ),
            *_keys(),
            _rule(
                gxe.ExpectColumnValuesToNotBeNull,
                "missing-required-attribute",
                Severity.HOLD,
                "Every group has a name.",
                column="login",
            ),
            _rule(
                ExpectColumnValuesToBeUniqueAsCompared,
                "duplicate-group-name",
                Severity.HOLD,
                "No two groups have the same name once case, width and blanks are set aside.",
                column="login",
            ),
            _unique_external_ids(),
        ),
    )


def _keys() -> Iterable[Any]:
    yield _rule(
        gxe.ExpectColumnValuesToNotBeNull, "no-source-anchor", Severity.STOP, "Every entry has a key.", column="key"
    )
    yield _rule(
        gxe.ExpectColumnValuesToBeUnique,
        "duplicate-source-anchor",
        Severity.STOP,
        "No two entries have the same key.",
        column="key",
    )
    yield _rule(gxe.ExpectColumnValuesToNotBeNull, "no-dn", Severity.STOP, "Every entry has a DN.", column="dn")


def _unique_external_ids() -> Any:  # noqa: ANN401 - untyped library
    return _rule(
        gxe.ExpectColumnValuesToBeUnique,
        "duplicate-external-id",
        Severity.HOLD,
        "No two of them have the same externalId.",
        column="external_id",
    )


def _rule(kind: Any, name: str, severity: Severity, description: str, **arguments: object) -> Any:  # noqa: ANN401
    return kind(
        **arguments,
        severity=_SEVERITIES[severity],
        description=description,
        meta={"rule": name, "severity": severity.value},
    )


def new_context() -> Any:  # noqa: ANN401 - untyped library
    """Return a context in memory that sends nothing and shows no progress."""
    context = gx.get_context(mode="ephemeral")
    context.enable_analytics(False)
    context.variables.progress_bars = {"globally": False, "metric_calculations": False}
    return context


def _context(site: Path) -> Any:  # noqa: ANN401 - untyped library
    context = new_context()
    context.add_data_docs_site(
        _SITE,
        {
            "class_name": "SiteBuilder",
            "show_how_to_buttons": False,
            "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
            "store_backend": {"class_name": "TupleFilesystemStoreBackend", "base_directory": str(site)},
        },
    )
    return context


def _run(context: Any, suite: Suite, frame: pd.DataFrame) -> Any:  # noqa: ANN401 - untyped library
    asset = context.data_sources.add_pandas(f"desired-{suite.name}").add_dataframe_asset(suite.name)
    batch = asset.add_batch_definition_whole_dataframe("all")
    kept = context.suites.add(gx.ExpectationSuite(name=suite.name, expectations=list(suite.expectations)))
    definition = context.validation_definitions.add(gx.ValidationDefinition(name=suite.name, data=batch, suite=kept))
    run_id = gx.RunIdentifier(run_name=suite.name, run_time=datetime.now(UTC))
    return definition.run(
        batch_parameters={"dataframe": _with_nulls(frame, suite.columns)}, result_format=RESULT_FORMAT, run_id=run_id
    )


def _with_nulls(frame: pd.DataFrame, columns: tuple[str, ...]) -> pd.DataFrame:
    """Return the columns alone, absent values as null. A column that is missing makes its rules crash, and is told."""
    chosen = frame[[name for name in columns if name in frame]].astype(TEXT)
    return chosen.mask(chosen == ABSENT).reset_index(drop=True)


def _outcome(suite: Suite, result: Any) -> SuiteOutcome:  # noqa: ANN401 - untyped library
    failed: list[FailedRule] = []
    crashed: list[CrashedRule] = []
    for one in result.results:
        meta, name = one.expectation_config.meta, one.expectation_config.type
        error = crash(one.exception_info)
        if error is not None:
            crashed.append(CrashedRule(meta["rule"], name, error))
        elif not one.success:
            seen = one.result
            rows = seen.get("element_count", seen.get("observed_value", 0))
            failed.append(
                FailedRule(meta["rule"], Severity(meta["severity"]), name, seen.get("unexpected_count", 0), rows)
            )
    return SuiteOutcome(suite.name, len(suite.expectations), tuple(failed), tuple(crashed))


def crash(exception_info: dict[str, Any] | None) -> str | None:
    """Return the class of the exception inside a rule, None where there was none.

    The information is flat where the rule itself speaks, and nested by metric where a metric crashed.
    """
    if not exception_info:
        return None
    parts = [exception_info] if "raised_exception" in exception_info else list(exception_info.values())
    for part in parts:
        if part.get("raised_exception"):
            return _first_class(part.get("exception_traceback") or "")
    return None


def _first_class(traceback: str) -> str:
    """Return the class of the first exception of a chain: the cause, before the library wrapped it."""
    found = _EXCEPTION_LINE.search(traceback)
    return found.group(1) if found else "unknown"
