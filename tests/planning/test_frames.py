"""The narrow frames that are compared."""

import pandas as pd
import pytest

from ldap2scim.errors import DataError
from ldap2scim.planning.frames import (
    ABSENT,
    Status,
    checked_desired,
    checked_known,
    desired_frame,
    known_frame,
    optional,
)
from ldap2scim.planning.states import Edges


def test_an_absent_value_is_neither_null_nor_empty() -> None:
    """An absent externalId is a sentinel that equals itself and differs from the empty string."""
    frame = desired_frame(
        key=["a:1", "a:2"], fingerprint=["f", "g"], external_id=[None, ""], login=["u", "v"], dn=["d", "e"]
    )
    assert not frame.isna().any().any()
    assert frame["external_id"].tolist() == [ABSENT, ""]
    assert (optional(ABSENT), optional("")) == (None, "")


def test_two_rows_with_one_key_are_refused_by_name() -> None:
    """A source anchor that two entries share is an error that names it."""
    with pytest.raises(DataError, match="a:1"):
        desired_frame(key=["a:1", "a:1"], fingerprint=["f", "g"], external_id=["", ""], login=["", ""], dn=["", ""])


def test_a_frame_of_another_shape_is_refused() -> None:
    """Missing columns, other types and nulls are a mistake of the program, and are said."""
    good = desired_frame(key=["a:1"], fingerprint=["f"], external_id=["x"], login=["u"], dn=["d"])
    with pytest.raises(ValueError, match="columns"):
        checked_desired(good.drop(columns="dn"))
    with pytest.raises(ValueError, match="not text"):
        checked_desired(good.assign(login=pd.Series([1])))
    with pytest.raises(ValueError, match="nulls"):
        checked_desired(good.assign(login=pd.Series([None], dtype=good["login"].dtype)))


def test_an_unknown_status_is_refused() -> None:
    """A known row is managed, left or found."""
    good = known_frame(
        key=["a:1"], fingerprint=["f"], external_id=["x"], login=["u"], service_id=["1"], version=[None],
        status=[Status.MANAGED],
    )  # fmt: skip
    with pytest.raises(ValueError, match="mine"):
        checked_known(good.assign(status=pd.Series(["mine"], dtype=good["status"].dtype)))


def test_memberships_are_pairs() -> None:
    """Two columns of unlike length are no memberships."""
    with pytest.raises(ValueError, match="2 groups"):
        Edges(["a", "b"], ["c"])
