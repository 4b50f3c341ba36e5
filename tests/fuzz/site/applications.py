"""What web servers call: Django under WSGI and ASGI, and the fast path."""

import os

from django.core.asgi import get_asgi_application
from django.core.wsgi import get_wsgi_application

from ptrack.wsgi import serve_pixels

os.environ["DJANGO_SETTINGS_MODULE"] = "fuzz.site.settings"

wsgi = get_wsgi_application()
asgi = get_asgi_application()
fast = serve_pixels(wsgi)
