import os

SECRET_KEY = "not a secret: it belongs to the tests"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["ptrack"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "fuzz.site.urls"
PTRACK_LINK_ALLOWED_HOSTS = [".shop.example"]
PTRACK_SECRET = os.environ["PTRACK_SECRET"]
# Django's own refusals, such as 404, are not what the tests look for.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"django.request": {"level": "ERROR"}, "django.security": {"level": "ERROR"}},
}
