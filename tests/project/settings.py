"""A site as a newcomer would set it up: apps with and without pixels, and pixels of its own."""

import django

SECRET_KEY = "not a secret: it belongs to the tests"
ALLOWED_HOSTS = ["testserver", "www.example.com"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "ptrack",
    "welcome",
    "faulty",
    "silent",
]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "project.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"context_processors": ["django.template.context_processors.request"]},
    },
    {
        "BACKEND": "django.template.backends.jinja2.Jinja2",
        "NAME": "jinja2",
        "OPTIONS": {"environment": "project.jinja2.environment"},
    },
]
DATABASES = {
    alias: {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:", "ATOMIC_REQUESTS": True}
    for alias in ("default", "other")
}
USE_TZ = True
if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
PTRACK_SECRET = "a secret of exactly 32 bytes, ok"
PTRACK_APP_URL = "https://www.example.com"
