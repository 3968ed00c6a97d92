"""How values pass from task to task. Pure."""

from typing import Generic, TypeVar

T = TypeVar("T")


class Carried(Generic[T]):
    """Holds a value that is as large as the directory, closed to Prefect.

    Prefect visits every element of the collections and dataclasses that it finds among arguments. It leaves an
    ordinary object alone and still sees which task it came from, so that the timeline shows the dependency.
    """

    def __init__(self, value: T) -> None:
        self.value = value
