"""The application of the project."""

from django.apps import AppConfig


class Project(AppConfig):  # type: ignore[misc] # Django's types are not followed
    """One application with the models of the project."""

    name = "tests.servers.django_project"
    label = "project"
