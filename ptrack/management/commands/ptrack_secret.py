from __future__ import annotations

import secrets
from typing import Any

from django.core.management.base import BaseCommand


class Command(BaseCommand):
    help = "Prints a fresh random secret of 32 characters for the setting PTRACK_SECRET."
    # The checks fail without a secret, and this command makes one.
    requires_system_checks = []

    def handle(self, *args: Any, **options: Any) -> None:
        # 24 bytes are 32 characters in base64url, none of which needs quoting in Python or a shell.
        self.stdout.write(secrets.token_urlsafe(24))
