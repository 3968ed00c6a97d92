"""A text that must not be seen. Pure."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Secret:
    """A password or token. Its repr, its str and its pickle-free life keep it out of logs and messages."""

    _text: str = field(repr=False)

    def reveal(self) -> str:
        """Return the text, for the one place that sends it."""
        return self._text

    def __str__(self) -> str:
        return "***"

    def __repr__(self) -> str:
        return "Secret(***)"
