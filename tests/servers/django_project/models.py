"""Users and groups as an application that uses django-scim2 keeps them."""

from django.contrib.auth.models import AbstractUser
from django.db import models
from django_scim.models import AbstractSCIMGroupMixin, AbstractSCIMUserMixin


class Group(AbstractSCIMGroupMixin):  # type: ignore[misc] # Django's types are not followed
    """A group; its name is unique."""

    id = models.BigAutoField(primary_key=True)
    name = models.CharField(max_length=200, unique=True)


class User(AbstractSCIMUserMixin, AbstractUser):  # type: ignore[misc] # Django's types are not followed
    """A user of Django's, with what its adapter has no column for."""

    id = models.BigAutoField(primary_key=True)
    groups = None
    user_permissions = None
    scim_groups = models.ManyToManyField(Group, related_name="user_set")
    others = models.JSONField(default=dict)
