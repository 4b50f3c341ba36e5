"""The settings that ptrack needs, and few others: there is no database and no middleware."""

import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

import django

# The demo sets the URL of this site and the folder for sent emails. Without a folder, emails are printed.
SITE_URL = os.environ.get("NEWSLETTER_URL", "http://127.0.0.1:8000")
SENT_FOLDER = os.environ.get("NEWSLETTER_SENT_FOLDER", "")

INSTALLED_APPS = ["ptrack"]
ROOT_URLCONF = "newsletter.urls"

# A demo may forget its secret when it ends. A real site keeps its secret, because it needs the
# same one to read the tokens in emails that were sent before.
PTRACK_SECRET = secrets.token_urlsafe(24)
PTRACK_APP_URL = SITE_URL
# The articles that the newsletter leads to are on this site.
PTRACK_LINK_ALLOWED_HOSTS = [urlsplit(SITE_URL).hostname]
PTRACK_CONSENT = "newsletter.readers.may_track"

if SENT_FOLDER:
    _backend, _options = "newsletter.emails.EmlBackend", {"file_path": SENT_FOLDER}
else:
    _backend, _options = "django.core.mail.backends.console.EmailBackend", {}

if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": _backend, "OPTIONS": _options}}
else:
    EMAIL_BACKEND = _backend
    EMAIL_FILE_PATH = SENT_FOLDER

SECRET_KEY = secrets.token_urlsafe(50)
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1", "localhost"]
TIME_ZONE = "UTC"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [Path(__file__).parent / "templates"],
    }
]
