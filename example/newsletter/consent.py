from typing import Any

from .models import Reader


def withdraw(reader: Reader) -> None:
    """Stop to track a reader, whose hits are about to be erased: nobody will see any more which emails were opened."""
    reader.agreed_to_tracking = False
    reader.save()
    reader.delivery_set.update(is_tracked=False)


def may_track(*args: Any, reader: int | None = None, **kwargs: Any) -> bool:
    """Return whether a reader may be tracked. Takes what the tag was given. PTRACK_CONSENT names this function."""
    return Reader.objects.filter(pk=reader, agreed_to_tracking=True).exists()
