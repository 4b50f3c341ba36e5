"""A site with ptrack.opens, and with the database and the task engine that the environment names."""

import os

SECRET_KEY = "not a secret: it belongs to the tests"
ALLOWED_HOSTS = ["127.0.0.1"]
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "ptrack",
    "ptrack.opens",
    "django_tasks_db",
    "django_rq",
    "faults.site",
]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "faults.site.urls"
USE_TZ = True
PTRACK_SECRET = "a secret of exactly 32 bytes, ok"
PTRACK_APP_URL = os.environ["FAULTS_URL"]

# Whatever else PostgreSQL's client needs, it reads from variables such as PGHOST.
DATABASES = {"default": {"ENGINE": "django.db.backends.postgresql", "NAME": os.environ["FAULTS_DATABASE"]}}
if os.environ["FAULTS_ENGINE"] == "mariadb":
    DATABASES["default"] |= {
        "ENGINE": "django.db.backends.mysql",
        "OPTIONS": {"read_default_file": os.environ["MARIADB_CONFIG"]},
    }

PTRACK_OPENS_IN_BACKGROUND = "FAULTS_BACKEND" in os.environ
TASKS = {"default": {"BACKEND": os.environ.get("FAULTS_BACKEND", "django_tasks_db.DatabaseBackend")}}
RQ_QUEUES = {"default": {"URL": os.environ.get("FAULTS_REDIS", "redis://127.0.0.1/0"), "DEFAULT_TIMEOUT": 10}}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "handlers": {
        "file": {"class": "logging.FileHandler", "filename": os.environ["FAULTS_LOG"]},
        "failing": {"class": "faults.site.log.FailingHandler"},
    },
    "loggers": {"ptrack": {"handlers": [os.environ.get("FAULTS_LOG_HANDLER", "file")], "propagate": False}},
}

# What the manual says, word for word.
exec(os.environ.get("FAULTS_SETTINGS", ""))
