"""The settings of a site with an admin, and those of ptrack."""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

HERE = Path(__file__).parent
SITE_URL = os.environ.get("NEWSLETTER_URL", "http://127.0.0.1:8000")

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "ptrack",
    "ptrack.opens",
    "newsletter",
]

# A demo may forget its secret when it ends. A real site keeps its secret, because it needs the
# same one to read the tokens in emails that were sent before.
PTRACK_SECRET = secrets.token_urlsafe(24)
PTRACK_APP_URL = SITE_URL
# The articles that the newsletter leads to are on this site.
PTRACK_LINK_ALLOWED_HOSTS = [urlsplit(SITE_URL).hostname]
PTRACK_CONSENT = "newsletter.consent.may_track"
PTRACK_OPENS_SENT = "newsletter.numbers.sent"
PTRACK_OPENS_KEEP_DAYS = 365

SECRET_KEY = secrets.token_urlsafe(50)
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
ROOT_URLCONF = "newsletter.urls"
STATIC_URL = "static/"
TIME_ZONE = "UTC"
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("NEWSLETTER_DATABASE", HERE / "newsletter.sqlite3"),
    }
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
MIDDLEWARE = [
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
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
