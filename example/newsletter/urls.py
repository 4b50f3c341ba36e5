from django.contrib import admin
from django.urls import include, path

from . import views

urlpatterns = [
    path("ptrack/", include("ptrack.urls")),
    path("go/", include("ptrack.link_urls")),
    path("admin/", admin.site.urls),
    path("articles/<slug:name>/", views.show_article, name="article"),
]
