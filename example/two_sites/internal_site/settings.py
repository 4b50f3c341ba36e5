import os
from urllib.parse import urlsplit

import django

SECRET_KEY = "not a secret: it belongs to an example"
INSTALLED_APPS = ["ptrack", "internal_site"]
ROOT_URLCONF = "internal_site.urls"
TEMPLATES = [{"BACKEND": "django.template.backends.django.DjangoTemplates", "APP_DIRS": True}]
USE_TZ = True

PTRACK_SECRET = os.environ.get("PTRACK_SECRET")
PTRACK_APP_URL = os.environ.get("PTRACK_APP_URL")
# The links lead to pages of the public site.
PTRACK_LINK_ALLOWED_HOSTS = [urlsplit(PTRACK_APP_URL).hostname] if PTRACK_APP_URL else []
SILENCED_SYSTEM_CHECKS = ["ptrack.I001"]

SMTP_HOST, _, SMTP_PORT = os.environ.get("SMTP_SERVER", "127.0.0.1:25").partition(":")
if django.VERSION >= (6, 1):
    MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": SMTP_HOST, "port": int(SMTP_PORT)},
        }
    }
else:
    EMAIL_HOST, EMAIL_PORT = SMTP_HOST, int(SMTP_PORT)
