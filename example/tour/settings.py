"""The settings of the newsletter while the demo runs: emails are kept in memory, and every visitor is the owner."""

import django

from newsletter.settings import *  # noqa: F403
from newsletter.settings import ALLOWED_HOSTS, MIDDLEWARE

# The host that Django's test client asks for.
ALLOWED_HOSTS = [*ALLOWED_HOSTS, "testserver"]
MIDDLEWARE = [*MIDDLEWARE, "tour.site.OwnerMiddleware"]
ROOT_URLCONF = "tour.site"

if django.VERSION >= (6, 1):
    MAILERS = {"default": {"BACKEND": "django.core.mail.backends.locmem.EmailBackend"}}
else:
    EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
