"""Expectations of our own for Great Expectations, which registers them as the classes are created.

Metric names begin with `ldap2scim_`: of two metrics of one name the later silently replaces the earlier.
"""

import warnings
from typing import Any

import pandas as pd

from validations.duplicates import fold_all

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)  # it imports modules that Python itself has deprecated
    from great_expectations.execution_engine import PandasExecutionEngine
    from great_expectations.expectations.expectation import ColumnMapExpectation
    from great_expectations.expectations.metrics.map_metric_provider import (
        ColumnMapMetricProvider,
        column_condition_partial,
    )

METRIC = "column_values.ldap2scim_unique_as_compared"


class ColumnValuesUniqueAsCompared(ColumnMapMetricProvider):  # type: ignore[misc]  # untyped library
    """Whether a value comes once, compared as a service compares names (`duplicates.folded`)."""

    condition_metric_name = METRIC

    @column_condition_partial(engine=PandasExecutionEngine)  # type: ignore[untyped-decorator]
    def _pandas(cls, column: pd.Series, **_: Any) -> pd.Series:  # noqa: N805, ANN401 - as the library calls it
        return ~fold_all(column).duplicated(keep=False)


class ExpectColumnValuesToBeUniqueAsCompared(ColumnMapExpectation):  # type: ignore[misc]  # untyped library
    """Expect that no value comes twice once case, width and blanks are set aside."""

    map_metric = METRIC
