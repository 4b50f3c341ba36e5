from django.http import HttpRequest, HttpResponse
from django.urls import path

from .image import GIF
from .package import counter
from .package import urlpatterns as pixels


def bare(request: HttpRequest, t: str) -> HttpResponse:
    return HttpResponse(GIF, content_type="image/gif")


def count(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(counter.hits))


urlpatterns = [*pixels, path("bare/<str:t>/", bare), path("count/", count)]
