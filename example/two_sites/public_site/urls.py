from django.urls import include, path

from .views import show_garden

urlpatterns = [
    path("ptrack/", include("ptrack.urls")),
    path("go/", include("ptrack.link_urls")),
    path("garden/", show_garden),
]
