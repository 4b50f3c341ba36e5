"""A site that does nothing but what is measured, for whichever ptrack is installed."""

SECRET_KEY = "not a secret: it belongs to the benchmarks"
ALLOWED_HOSTS = ["testserver"]
INSTALLED_APPS = ["ptrack"]
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
PTRACK_APP_URL = "https://www.example.com"
