"""django-scim2 as a program of its own: `--port --token`. A SCIM service of another make, which we did not write.

What is ours is what any application that uses it brings along: settings, models and adapters (`django_project`). Its
habits are left as they are: PATCH is 501 for most attributes and for the removal of members, whatever it says of
itself; filters know userName alone, and find nothing by externalId; ids are numbers; 409 comes without scimType.

Around it stands the layer that records what was asked and empties the service, as around scim2-server.
"""

import argparse
import logging
import os

import django
import uvicorn
from a2wsgi import WSGIMiddleware
from django.conf import settings
from django.core.management import call_command
from django.core.wsgi import get_wsgi_application

from tests.servers.scim2_process import Recorder


def configure(port: int, token: str) -> None:
    """Set up Django, with a database in memory."""
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "1"  # to be emptied from the loop
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        AUTH_USER_MODEL="project.User",
        DATABASES={
            "default": {
                "ENGINE": "django.db.backends.sqlite3",
                "NAME": "file:scim?mode=memory&cache=shared",
                "OPTIONS": {"uri": True},
                "CONN_MAX_AGE": None,
            }
        },
        INSTALLED_APPS=[
            "django.contrib.contenttypes",
            "django.contrib.auth",
            "django_scim",
            "tests.servers.django_project.apps.Project",
        ],
        LOGGING_CONFIG=None,
        MIDDLEWARE=["tests.servers.django_project.bearer.bearer"],
        MIGRATION_MODULES={"auth": None, "contenttypes": None},
        ROOT_URLCONF="tests.servers.django_project.urls",
        SCIM_SERVICE_PROVIDER={
            "AUTHENTICATION_SCHEMES": [{"type": "oauthbearertoken", "name": "Bearer token"}],
            "GROUP_ADAPTER": "tests.servers.django_project.adapters.GroupAdapter",
            "GROUP_MODEL": "tests.servers.django_project.models.Group",
            "NETLOC": f"127.0.0.1:{port}",
            "SCHEME": "http",
            "USER_ADAPTER": "tests.servers.django_project.adapters.UserAdapter",
        },
        SCIM_TOKEN=token,
        SECRET_KEY=token,
        USE_TZ=True,
    )


def main() -> None:
    """Serve until ended by a signal."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--token", required=True)
    arguments = parser.parse_args()
    configure(arguments.port, arguments.token)
    django.setup()
    logging.getLogger("django").setLevel(logging.CRITICAL)
    call_command("migrate", run_syncdb=True, verbosity=0)
    # One worker: a database in memory is one connection's.
    application = WSGIMiddleware(get_wsgi_application(), workers=1)

    def emptied() -> WSGIMiddleware:
        call_command("flush", interactive=False, verbosity=0)
        return application

    app = Recorder(emptied)
    uvicorn.run(app, host="127.0.0.1", port=arguments.port, lifespan="off", log_level="error", access_log=False)


if __name__ == "__main__":
    main()
