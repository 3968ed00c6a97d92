"""Is a server behind the one that was read last? Pure.

A directory has several servers, and each learns of the changes made at the others later. One that lags, or was
restored from a backup, shows people who have left and lacks those who came: a complete answer, and a wrong one.
"""

from datetime import UTC, datetime

import orjson

from ldap2scim.directory.reader import ServerState

_USN_DIGITS = 20


def behind(now: ServerState, before: ServerState) -> str | None:
    """Say in a clause what a server lacks that the one read before had; None where it lacks nothing.

    Args:
        now: of the server that answers.
        before: of the last read that was believed.
    """
    known = dict(now.knows)
    for origin, mark in before.knows:
        if origin not in known:
            return f"it does not say whether it knows the changes made at {origin}"
        if known[origin] < mark:
            return _lacks(origin, known[origin], mark)
    if not before.knows and now.identity != before.identity:
        return f"it is another server than {before.identity}, and neither says how current it is"
    return None


def to_json(state: ServerState) -> str:
    """Return a state as it is kept."""
    return orjson.dumps({"identity": state.identity, "knows": state.knows}).decode()


def from_json(text: str) -> ServerState:
    """Return what `to_json` wrote."""
    found = orjson.loads(text)
    return ServerState(found["identity"], tuple((origin, mark) for origin, mark in found["knows"]))


def _lacks(origin: str, known: str, mark: str) -> str:
    if known.isdecimal() and mark.isdecimal() and len(known) == len(mark) == _USN_DIGITS:
        missing = int(mark) - int(known)
        return f"it lacks the last {missing} update sequence numbers of {origin}"
    return f"its last change of {origin} is of {_when(known)}; the read before knew one of {_when(mark)}"


def _when(csn: str) -> str:
    """Return the time in a CSN (`20261121103000.123456Z#000000#001#000000`), for people."""
    stamp = csn.partition("#")[0]
    try:
        moment = datetime.strptime(stamp, "%Y%m%d%H%M%S.%fZ").replace(tzinfo=UTC)
    except ValueError:
        return csn
    return f"{moment:%Y-%m-%d %H:%M:%S.%f} UTC"
