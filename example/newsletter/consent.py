from typing import Any

from .models import Reader


def withdraw(reader: Reader) -> None:
    """Stop tracking a reader whose hits are about to be erased.

    The emails sent to this reader count no more, for nobody can see then which of them were opened.
    """
    reader.agreed_to_tracking = False
    reader.save()
    reader.delivery_set.update(is_tracked=False)


def may_track(*args: Any, reader: int | None = None, **kwargs: Any) -> bool:
    """Return whether a reader may be tracked. Takes what the tag was given. PTRACK_CONSENT names this function."""
    return Reader.objects.filter(pk=reader, agreed_to_tracking=True).exists()
