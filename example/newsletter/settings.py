"""The settings that ptrack needs, and hardly any others: there is no database and no middleware."""

import os
import secrets
from pathlib import Path

import django

# Where this site can be reached, and the folder for its mails; the demo sets both. Without
# a folder, mails are printed.
SITE_URL = os.environ.get("NEWSLETTER_URL", "http://127.0.0.1:8000")
MAIL_FOLDER = os.environ.get("NEWSLETTER_MAIL_FOLDER", "")

INSTALLED_APPS = ["ptrack"]
ROOT_URLCONF = "newsletter.urls"

# A demo may forget its secret when it ends. A real site keeps it, as the mails that it sent
# can be read with no other.
PTRACK_SECRET = secrets.token_urlsafe(24)
PTRACK_APP_URL = SITE_URL

if MAIL_FOLDER:
    _backend, _options = "newsletter.mail.EmlBackend", {"file_path": MAIL_FOLDER}
else:
    _backend, _options = "django.core.mail.backends.console.EmailBackend", {}

if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": _backend, "OPTIONS": _options}}
else:
    EMAIL_BACKEND = _backend
    EMAIL_FILE_PATH = MAIL_FOLDER

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
