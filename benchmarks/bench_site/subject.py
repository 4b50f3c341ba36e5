"""The installed package's own names for what is measured: ``of_ptrack`` or ``of_pytracking``."""

from importlib.util import find_spec

if find_spec("ptrack"):
    from .of_ptrack import TAG, add_pixels, counter, decode, urlpatterns
else:
    from .of_pytracking import TAG, add_pixels, counter, decode, urlpatterns

__all__ = ["TAG", "add_pixels", "counter", "decode", "urlpatterns"]
