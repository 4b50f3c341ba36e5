from django.http import HttpRequest, HttpResponse
from django.urls import include, path

from ptrack.views import TRANSPARENT_1_PIXEL_GIF


def bare(request: HttpRequest, t: str) -> HttpResponse:
    return HttpResponse(TRANSPARENT_1_PIXEL_GIF, content_type="image/gif")


urlpatterns = [path("ptrack/", include("ptrack.urls")), path("bare/<str:t>/", bare)]
