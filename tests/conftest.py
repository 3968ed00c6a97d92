"""Fixtures and settings for every test."""

import os
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

from tests.seed import LONG, SEED
from tests.workers import InPlace, place

pytest_plugins = ["tests.servers.fixtures", "tests.servers.scim_fixtures"]

# CI looks at the same examples each time; a person's machine looks at others.
# Two busy cores say nothing about how long an example may take. `make test-long` looks ten times as far.
settings.register_profile(
    "ldap2scim",
    deadline=None,
    print_blob=True,
    derandomize=os.environ.get("CI") == "true",
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile("long", settings.get_profile("ldap2scim"), max_examples=1000)
settings.load_profile("long" if LONG else "ldap2scim")


def pytest_report_header() -> str:
    """Show the seed, which `LDAP2SCIM_SEED` brings back."""
    return f"seed: {SEED}"


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Give a worker of pytest-xdist a folder beside those of others, not below that of its controller."""
    # Deeper, the paths of Samba's sockets are too long, and users other than root cannot enter.
    if hasattr(config, "workerinput"):
        config.option.basetemp = None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests in order."""
    items.sort(key=lambda item: place(item.nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> InPlace:
    """Share the tests out in our way, whatever `--dist` says."""
    # Its own order would be by the number of tests, which says nothing about how long a file takes.
    config.option.loadscopereorder = False
    return InPlace(config, log)
