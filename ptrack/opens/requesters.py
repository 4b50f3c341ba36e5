"""Names what requested a pixel or followed a link, from the code of the rule that decided on the hit."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Requester(StrEnum):
    """What an owner of emails would call the client."""

    GMAIL = "gmail"
    APPLE = "apple"
    OUTLOOK = "outlook"
    YAHOO = "yahoo"
    CLIENT = "client"
    BROWSER = "browser"
    MACHINE = "machine"
    UNCLEAR = "unclear"
    SITE = "site"


NAMES: dict[Requester, Promise] = {
    Requester.GMAIL: _("Gmail"),
    Requester.APPLE: _("Apple Mail"),
    Requester.OUTLOOK: _("Outlook"),
    Requester.YAHOO: _("Yahoo Mail"),
    Requester.CLIENT: _("another email client"),
    Requester.BROWSER: _("a browser or app"),
    Requester.MACHINE: _("a machine"),
    Requester.UNCLEAR: _("not clear"),
    Requester.SITE: _("a rule of this site"),
}

#: The codes of the built-in rules. Whatever else a row has is the code of one of the site's own.
CODES: dict[Requester, frozenset[str]] = {
    Requester.GMAIL: frozenset({"gmail-app", "gmail-prefetch", "google-image-proxy"}),
    Requester.APPLE: frozenset({"apple-mail", "apple-mail-mac", "apple-mpp"}),
    Requester.OUTLOOK: frozenset({"outlook", "outlook-mapi", "outlook-word"}),
    Requester.YAHOO: frozenset({"yahoo-mail-proxy"}),
    Requester.CLIENT: frozenset(
        {
            *("calendar-app", "email-app", "email-client", "email-proxy", "fastmail-proxy", "mail-name"),
            *("mail-on-a-device", "mail-product", "short-named-client", "superhuman-proxy"),
        }
    ),
    Requester.BROWSER: frozenset({"android-web-view", "app", "browser", "desktop-app", "ios-web-view"}),
    Requester.MACHINE: frozenset(
        {
            *("added-comment", "agent", "apple-service", "automated-browser", "bare-mozilla", "chrome-prefetch-proxy"),
            *("contact", "declared-prefetch", "forged-build", "from-header", "gateway", "google-service"),
            *("headless-hint", "listed", "microsoft-service", "navigation", "no-engine", "robot", "safe-links"),
            *("script", "security-check", "security-vendor", "service", "whatsapp-preview"),
        }
    ),
    Requester.UNCLEAR: frozenset({"microsoft-office", "no-fetch-mode", "no-user-agent", "platform-only", "relay"}),
}

_BY_CODE = {code: requester for requester, codes in CODES.items() for code in codes}


def requester_of(rule: str) -> Requester:
    """Return who sent the requests on which the rule of this code decides."""
    return _BY_CODE.get(rule, Requester.SITE)


def requested_by(requester: Requester) -> Q:
    """Return the condition on stored hits that one of these requested."""
    if requester is Requester.SITE:
        return ~Q(rule__in=[*_BY_CODE])
    return Q(rule__in=[*CODES[requester]])


def name_requester(rule: str) -> Any:
    """Return the name of what requested a hit, from the code of the rule."""
    return NAMES[requester_of(rule)]
