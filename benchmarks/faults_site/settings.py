"""A site with ptrack.opens, a database and a task engine, as the environment says."""

import os

SECRET_KEY = "not a secret: it belongs to a measurement"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "ptrack",
    "ptrack.opens",
    "django_tasks_db",
    "django_rq",
    "faults_site",
]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "faults_site.urls"
USE_TZ = True
PTRACK_SECRET = "a secret of exactly 32 bytes, ok"
PTRACK_APP_URL = os.environ["FAULTS_URL"]

DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": os.environ.get("FAULTS_DATABASE", ""),
    }
    if os.environ.get("PGHOST")
    else {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": os.environ["FAULTS_DATABASE"],
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": 30,
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL",
        },
    }
}

TASKS = {"default": {"BACKEND": os.environ["FAULTS_BACKEND"] or "django_tasks_db.DatabaseBackend"}}
RQ_QUEUES = {"default": {"URL": os.environ.get("FAULTS_REDIS", "redis://127.0.0.1/0"), "DEFAULT_TIMEOUT": 10}}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {"file": {"class": "logging.FileHandler", "filename": os.environ["FAULTS_LOG"]}},
    "loggers": {"ptrack": {"handlers": ["file"], "propagate": False}},
}
