from django.urls import include, path

from . import views

urlpatterns = [
    path("ptrack/", include("ptrack.urls")),
    path("", views.show_page, name="page"),
    path("opens/", views.show_opens, name="opens"),
    path("email/", views.show_email, name="email"),
    path("email.eml", views.download_email, name="eml"),
]
