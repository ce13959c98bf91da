"""Every address: the console at the root, the REST door under /v1."""

from __future__ import annotations

from django.urls import include, path

urlpatterns = [
    path("v1/", include("nostro.api.urls")),
    path("", include("nostro.console.urls")),
]
