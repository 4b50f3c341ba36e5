from django.contrib import admin
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import path

from . import urls

urlpatterns = [*urls.urlpatterns, path("admin/", admin.site.urls), *staticfiles_urlpatterns()]
