"""A site that does no more than what is measured, for whichever package is installed."""

from importlib.util import find_spec

SECRET_KEY = "not a secret: it belongs to the benchmarks"
ALLOWED_HOSTS = ["testserver", "127.0.0.1"]
INSTALLED_APPS = ["ptrack"] if find_spec("ptrack") else []
MIDDLEWARE: list[str] = []
ROOT_URLCONF = "bench_site.urls"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "OPTIONS": {"builtins": ["bench_site.tags"]},
    }
]
USE_TZ = True
PTRACK_SECRET = "a secret of exactly 32 bytes, ok"
PTRACK_LINK_ALLOWED_HOSTS = ["www.example.com", "shop.example"]
PTRACK_APP_URL = "https://www.example.com"
