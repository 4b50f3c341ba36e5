from ptrack.wsgi import serve_pixels

from .wsgi import application as django

application = serve_pixels(django)
