"""Groups in groups as a graph: who is reached from where, and by which way. Pure; cycles are allowed."""

from collections import deque
from collections.abc import Container, Mapping, Sequence
from typing import TypeAlias

Inside: TypeAlias = Mapping[int, Sequence[int]]
"""Group → the groups that it lists."""


def reachable(inside: Inside, start: int) -> tuple[int, ...]:
    """Return `start` and every group inside it, however deep, each once, the nearest first."""
    return tuple(_came_from(inside, start))


def chain(inside: Inside, start: int, ends: Container[int]) -> tuple[int, ...] | None:
    """Return the shortest way from `start` to one of `ends`, both included; None where there is none."""
    came_from = _came_from(inside, start)
    end = next((group for group in came_from if group in ends), None)
    if end is None:
        return None
    way = [end]
    while (before := came_from[way[-1]]) is not None:
        way.append(before)
    return tuple(reversed(way))


def _came_from(inside: Inside, start: int) -> Mapping[int, int | None]:
    """Return for each group reached the one through which it was reached first, in the order of reaching them."""
    came_from: dict[int, int | None] = {start: None}
    waiting = deque([start])
    while waiting:
        group = waiting.popleft()
        for inner in inside.get(group, ()):
            if inner not in came_from:
                came_from[inner] = group
                waiting.append(inner)
    return came_from
