from django.urls import include, path

from . import views

urlpatterns = [
    path("ptrack/", include("ptrack.urls")),
    path("", views.show_page, name="page"),
    path("opens/", views.show_opens, name="opens"),
    path("mail/", views.show_mail, name="mail"),
    path("mail.eml", views.download_mail, name="eml"),
]
