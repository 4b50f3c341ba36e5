"""A site as a newcomer would set it up: apps with and without pixels, and pixels of its own."""

import os
import tempfile

import django

SECRET_KEY = "not a secret: it belongs to the tests"
ALLOWED_HOSTS = ["testserver", "www.example.com"]
INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.messages",
    "django.contrib.sessions",
    "django.contrib.staticfiles",
    "ptrack",
    "ptrack.opens",
    "welcome",
    "faulty",
    "silent",
]
MIDDLEWARE: list[str] = []
# The admin's middleware: its own tests switch it on.
SILENCED_SYSTEM_CHECKS = ["admin.E408", "admin.E409", "admin.E410"]
ROOT_URLCONF = "project.urls"
STATIC_URL = "static/"
CONTEXT_PROCESSORS = [
    "django.template.context_processors.request",
    "django.contrib.auth.context_processors.auth",
    "django.contrib.messages.context_processors.messages",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"context_processors": CONTEXT_PROCESSORS},
        "APP_DIRS": True,
    },
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "NAME": "jinja2",
        "OPTIONS": {"environment": "project.jinja2.environment"},
    },
]
# Whatever else PostgreSQL's client needs, it reads from variables such as PGHOST. MariaDB's reads the
# file that MARIADB_CONFIG names.
DATABASE_OPTIONS = {
    "sqlite": {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": ":memory:",
        "ATOMIC_REQUESTS": True,
        "OPTIONS": {"timeout": 60, "init_command": "PRAGMA synchronous = OFF; PRAGMA journal_mode = MEMORY"},
        # A database in memory locks whole tables: threads would fail at once instead of waiting.
        "TEST": {"NAME": os.path.join(tempfile.gettempdir(), f"ptrack-tests-{os.getpid()}.sqlite3")},
    },
    "postgresql": {"ENGINE": "django.db.backends.postgresql", "NAME": "ptrack", "ATOMIC_REQUESTS": True},
    "mariadb": {
        "ENGINE": "django.db.backends.mysql",
        "NAME": "ptrack",
        "ATOMIC_REQUESTS": True,
        "OPTIONS": {"read_default_file": os.environ.get("MARIADB_CONFIG", "")},
    },
}
DATABASES = {
    "default": DATABASE_OPTIONS[os.environ.get("PTRACK_TEST_DATABASE", "sqlite")],
    "other": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "ATOMIC_REQUESTS": True},
}
USE_TZ = True
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
PTRACK_SECRET = "a secret of exactly 32 bytes, ok"
PTRACK_APP_URL = "https://www.example.com"
PTRACK_OPENS_KEEP_DAYS = 365
