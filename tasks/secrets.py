"""Secrets that Prefect keeps: its Secret blocks, read while a flow runs."""

from typing import Any, cast

from prefect.blocks.system import Secret

from ldap2scim.settings.reading import Unfit


def secret_block(name: str) -> str:
    """Return the text of a Secret block.

    Raises:
        Unfit: there is none of that name, it cannot be read, or it holds no text. No message holds any part of it.
    """
    try:
        value = cast("Secret[Any]", Secret.load(name)).get()  # a coroutine to asynchronous callers alone
    except ValueError:
        raise Unfit(f"names the Secret block `{name}`, which this Prefect server does not have.") from None
    except Exception as error:  # noqa: BLE001 - whatever the server or the block's storage raises
        raise Unfit(f"names the Secret block `{name}`, which cannot be read ({type(error).__name__}).") from None
    if not isinstance(value, str):
        raise Unfit(f"names the Secret block `{name}`, which does not hold a text.")
    return value
