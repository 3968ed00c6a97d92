"""How it is known that a service did what it was asked for: a status of success alone proves little. Pure."""

from enum import StrEnum


class Proof(StrEnum):
    """How a write was seen to have taken hold."""

    ANSWER = "answer"
    """The answer to it showed the resource, and as it was sent."""
    READ = "read"
    """The resource was read again, and was as it had been sent."""

    @property
    def words(self) -> str:
        """Return what a person reads."""
        return "confirmed by the answer" if self is Proof.ANSWER else "read again"


def proof_of(*, read: bool, shows: bool) -> Proof | None:
    """Return the proof, from whether it was read again and whether what was shown is as it was sent."""
    if not shows:
        return None
    return Proof.READ if read else Proof.ANSWER
