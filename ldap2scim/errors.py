"""Everything that can go wrong, as one tree.

    Ldap2ScimError
    ├── SettingsError            all problems of the settings at once
    ├── DirectoryError
    │   ├── DirectoryUnavailable   (temporary)
    │   ├── BindRefused
    │   ├── ReadIncomplete         nothing may be removed after it
    │   └── ChangesRefused         everything has to be read again
    ├── DataError                  the state read may not be believed
    ├── PlanError                  a plan, an approval or a lease that does not hold
    │   ├── PlanRefused              made under other settings or by another version, or used before
    │   └── RunRefused               another run holds the lease
    ├── StateError                 the state store is missing, broken, full, or of another version
    ├── ServiceError               status, scim_type, detail; never a body
    │   ├── ServiceUnavailable     (temporary) 429, 5xx, no connection
    │   ├── AccessRefused          401, 403: the token
    │   ├── UniquenessConflict     409
    │   ├── VersionConflict        412
    │   ├── ResourceNotFound       404 with a SCIM error body
    │   ├── RequestRejected        other 4xx: this resource will not be taken
    │   └── NotScim                the answer is not SCIM (HTML, redirect, cut JSON): nothing is known
    └── OutcomeUnknown             a write was sent and no answer came: it is in doubt

Every error takes positional facts only, so that it survives pickling; its text names the place and ends with
what to do next. `Temporary` is part of the type; the one retry predicate is `is_temporary`.
"""

from typing import NamedTuple


class Ldap2ScimError(Exception):
    """Base of all errors that a person can do something about; shown as one message without a traceback."""

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message, remedy)
        self.message = message
        self.remedy = remedy

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}" if self.remedy else self.message


class Temporary(Exception):
    """Trait of an error that may be gone when the same thing is tried again."""


def is_temporary(error: BaseException) -> bool:
    """Say whether trying again may help. The one predicate for every retry."""
    return isinstance(error, Temporary)


def exit_code_of(error: Ldap2ScimError) -> int:
    """Return 3 where something was refused and nothing was done, else 1 (DESIGN §7)."""
    return 3 if isinstance(error, PlanRefused | ReadIncomplete | RunRefused) else 1


def short_name_of(error: Ldap2ScimError) -> str:
    """Return the class of an error and its status, if it has one: what may be kept of it, since it names nobody."""
    return f"{type(error).__name__} {getattr(error, 'status', None) or ''}".strip()


class Fault(NamedTuple):  # no dataclass: `--help` would import what makes them
    """One problem of the settings, taken apart for machines; None: it is of no single place, or of no single key."""

    message: str
    """For people, without the place; it ends with what to do."""
    key: str | None = None
    file: str | None = None
    line: int | None = None
    column: int | None = None


class SettingsError(Ldap2ScimError):
    """Settings that cannot be used. `problems` holds all of them, each with its place; `faults` the same, in parts."""

    def __init__(self, problems: tuple[str, ...], faults: tuple[Fault, ...] = ()) -> None:
        Exception.__init__(self, problems, faults)
        self.problems = problems
        self.faults = faults or tuple(map(Fault, problems))
        self.message = "\n".join(problems)
        self.remedy = "Correct the settings and run `ldap2scim check` again."

    def __str__(self) -> str:
        return f"{self.message}\n{self.remedy}"


class DirectoryError(Ldap2ScimError):
    """The directory could not be read."""


class DirectoryUnavailable(DirectoryError, Temporary):
    """No connection, a connection lost, or a server that is busy."""


class BindRefused(DirectoryError):
    """The bind was refused: wrong name or password, a locked account, or a stronger bind wanted."""


class ReadIncomplete(DirectoryError):
    """A search did not come to its proven end. Nothing may be removed after it."""


class ChangesRefused(DirectoryError):
    """The server does not go on from where we last looked for changes: everything has to be read."""


class DataError(Ldap2ScimError):
    """The state read may not be believed, and nothing was written."""


class PlanError(Ldap2ScimError):
    """A plan or an approval that does not hold any more."""


class PlanRefused(PlanError):
    """A plan that is not carried out, none of it: other settings, another version, or used before."""


class RunRefused(PlanError):
    """Another run holds the lease on this state."""


class StateError(Ldap2ScimError):
    """The state store is missing, broken, full, read-only or of another version."""


class ServiceError(Ldap2ScimError):
    """The service refused, or could not be understood. Holds no body and no header."""

    def __init__(
        self,
        message: str,
        remedy: str = "",
        status: int | None = None,
        scim_type: str | None = None,
        retry_after: float | None = None,
    ) -> None:
        Exception.__init__(self, message, remedy, status, scim_type, retry_after)
        self.message = message
        self.remedy = remedy
        self.status = status
        self.scim_type = scim_type
        """`scimType` of RFC 7644 §3.12, where the service gave one."""
        self.retry_after = retry_after
        """Seconds that the service asked us to wait (RFC 9110 §10.2.3)."""


class ServiceUnavailable(ServiceError, Temporary):
    """429, 5xx, or no connection: the request was not carried out, as far as is known."""


class AccessRefused(ServiceError):
    """401 or 403: the token is wrong, expired, revoked, or lacks a scope."""


class UniquenessConflict(ServiceError):
    """409: another resource has this value already."""


class VersionConflict(ServiceError):
    """412: somebody else changed the resource since we last saw it."""


class ResourceNotFound(ServiceError):
    """404 with a SCIM error body: the service knows no such resource."""


class RequestRejected(ServiceError):
    """Another 4xx: the service will not take this resource as it is."""


class NotScim(ServiceError):
    """The answer is not SCIM: an HTML page, a redirect, cut JSON. Nothing is known from it."""


class OutcomeUnknown(ServiceError):
    """A write was sent and no usable answer came back: the operation is in doubt, and is asked of the service."""
