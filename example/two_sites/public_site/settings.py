import os

SECRET_KEY = "not a secret: it belongs to an example"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = ["django.contrib.contenttypes", "ptrack", "ptrack.opens"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "public_site.urls"
USE_TZ = True

PTRACK_SECRET = os.environ.get("PTRACK_SECRET")
PTRACK_LINK_ALLOWED_HOSTS = ALLOWED_HOSTS

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ.get("DATABASE", "opens.sqlite3"),
        # Several processes write, so a transaction asks for the right to write when it begins.
        "OPTIONS": {"transaction_mode": "IMMEDIATE", "init_command": "PRAGMA journal_mode=WAL"},
    }
}
