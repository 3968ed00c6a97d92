"""How values pass from task to task. Pure."""

from typing import Generic, TypeVar

T = TypeVar("T")


class Carried(Generic[T]):
    """Holds a value that is as large as the directory, closed to Prefect.

    Prefect visits every element of the collections and dataclasses that it finds among arguments. It leaves an
    ordinary object alone and still sees which task it came from, so that the timeline shows the dependency.
    """

    def __init__(self, value: T) -> None:
        self._held = [value]

    @property
    def value(self) -> T:
        """What is held.

        Raises:
            RuntimeError: it was let go of (a mistake of the program).
        """
        if not self._held:
            raise RuntimeError("the value was let go of")
        return self._held[0]

    def let_go(self) -> None:
        """Hold nothing any more: Prefect keeps what tasks return as long as the flow runs."""
        self._held = []
