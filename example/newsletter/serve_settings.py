"""The settings of ``demo.py --serve``: those of the site, a database, and the admin with ptrack.opens."""

from pathlib import Path

from .settings import *  # noqa: F403
from .settings import INSTALLED_APPS, SENT_FOLDER, TEMPLATES

INSTALLED_APPS = [
    *INSTALLED_APPS,
    "ptrack.opens",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
]
ROOT_URLCONF = "newsletter.serve_urls"
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": Path(SENT_FOLDER) / "opens.sqlite3"}}
STATIC_URL = "static/"

MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "newsletter.month.ViewerMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        **TEMPLATES[0],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]
