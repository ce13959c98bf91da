"""The addresses of /v1. What is not among them is answered as a problem document too."""

from __future__ import annotations

from django.urls import URLPattern, re_path

from nostro.api.door import guarded, v1
from nostro.api.problems import not_found

urlpatterns = [
    route
    for route in v1.urls[0]
    if isinstance(route, URLPattern) and route.name != "api-root"  # There is nothing at /v1/.
]
for _route in urlpatterns:
    _route.callback = guarded(_route.callback)
urlpatterns.append(re_path(r"^[\s\S]*$", guarded(not_found)))
