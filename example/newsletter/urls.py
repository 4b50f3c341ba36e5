from django.urls import include, path

from . import views

urlpatterns = [
    path("ptrack/", include("ptrack.urls")),
    path("go/", include("ptrack.link_urls")),
    path("", views.show_page, name="page"),
    path("recorded/", views.show_recorded, name="recorded"),
    path("articles/<name>/", views.show_article, name="article"),
    path("email/", views.show_email, name="email"),
    path("email.eml", views.download_email, name="eml"),
]
