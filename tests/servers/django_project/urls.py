"""Where the service is."""

from django.urls import include, path

urlpatterns = [path("v2/", include("django_scim.urls"))]
