"""Between the models and SCIM: django-scim2's adapters, and what they leave to the application."""

from typing import Any, Final

from django_scim.adapters import SCIMGroup, SCIMUser

OTHERS: Final = (
    "displayName",
    "title",
    "preferredLanguage",
    "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User",
)
"""Attributes that no column of Django's users has."""


class UserAdapter(SCIMUser):  # type: ignore[misc] # its types are not followed
    """Keeps some more attributes than the one that it extends, and has one address of each person: at work."""

    @property
    def emails(self) -> list[dict[str, Any]]:
        """The one address."""
        return [{"type": "work", **mail} for mail in super().emails if mail["value"]]

    def to_dict(self) -> dict[str, Any]:
        """Show a user."""
        shown: dict[str, Any] = super().to_dict()
        del shown["displayName"]
        return {**shown, **self.obj.others}

    def from_dict(self, d: dict[str, Any]) -> None:
        """Take over the body of a POST or PUT."""
        super().from_dict(d)
        self.obj.others = {name: d[name] for name in OTHERS if d.get(name)}


class GroupAdapter(SCIMGroup):  # type: ignore[misc] # its types are not followed
    """Takes members in a PUT; the one that it extends takes them in a PATCH alone, and removes them in its own way."""

    def from_dict(self, d: dict[str, Any]) -> None:
        """Take over the body of a POST or PUT."""
        super().from_dict(d)
        self._members = [int(member["value"]) for member in d.get("members", ())]

    def save(self) -> None:
        """Write the group, and its members where a body named them."""
        super().save()
        if hasattr(self, "_members"):
            self.obj.user_set.set(self._members)
