SECRET_KEY = "not a secret: it belongs to a measurement"
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["ptrack", "hostile_site"]
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "hostile_site.urls"
PTRACK_SECRET = "a secret of exactly 32 bytes, ok"
PTRACK_APP_URL = "https://www.example.com"
# Refusals of Django itself, such as 404, are not what is looked for.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "loggers": {"django.request": {"level": "ERROR"}, "django.security": {"level": "ERROR"}},
}
