from typing import Any

from .models import Reader


def may_track(*args: Any, reader: int | None = None, **kwargs: Any) -> bool:
    """Return whether a reader may be tracked. Takes what the tag was given. PTRACK_CONSENT names this function."""
    return Reader.objects.filter(pk=reader, agreed_to_tracking=True).exists()
