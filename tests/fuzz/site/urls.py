from django.http import HttpRequest, JsonResponse
from django.urls import include, path

from .pixels import hits


def counted(request: HttpRequest) -> JsonResponse:
    return JsonResponse(hits)


urlpatterns = [
    path("ptrack/", include("ptrack.urls")),
    path("go/", include("ptrack.link_urls")),
    path("counted/", counted),
]
