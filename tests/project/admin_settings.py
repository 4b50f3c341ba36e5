"""The same site with the admin in it, which is slower and needs middleware."""

from .settings import *  # noqa: F403

ROOT_URLCONF = "project.admin_urls"
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
