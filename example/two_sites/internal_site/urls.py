from django.urls import include, path

urlpatterns = [
    path("ptrack/", include("ptrack.urls")),
    path("go/", include("ptrack.link_urls")),
]
