from importlib.util import find_spec

from django.http import HttpRequest, HttpResponse
from django.urls import path

from .image import GIF
from .package import counter
from .package import urlpatterns as pixels


def bare(request: HttpRequest, t: str) -> HttpResponse:
    return HttpResponse(GIF, content_type="image/gif")


def count(request: HttpRequest) -> HttpResponse:
    return HttpResponse(str(counter.hits))


# django-ptrack 3.0.0 and pytracking2 have no such links.
if find_spec("ptrack") and find_spec("ptrack.link_urls"):
    from .links import urlpatterns as links
else:
    links = []
urlpatterns = [*pixels, *links, path("bare/<str:t>/", bare), path("count/", count)]
