"""The WSGI application of the site, with images answered in front of Django."""

from ptrack.wsgi import serve_pixels

from .wsgi import application as django

application = serve_pixels(django)
