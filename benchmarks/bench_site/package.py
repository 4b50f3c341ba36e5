"""One set of names for whichever package is installed in this environment."""

from importlib.util import find_spec

if find_spec("ptrack"):
    from .with_ptrack import TAG, add_pixels, counter, decode, urlpatterns
else:
    from .with_pytracking import TAG, add_pixels, counter, decode, urlpatterns

__all__ = ["TAG", "add_pixels", "counter", "decode", "urlpatterns"]
