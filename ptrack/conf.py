"""The settings of ptrack. No other module reads them.

Each function returns one setting in the form that the rest of the package needs: a secret
as bytes, a base URL without a slash at its end. A setting is parsed once and forgotten
when Django's ``setting_changed`` says that it has changed.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.core.signals import setting_changed

from ._parsing import MAX_KEEP_DAYS as MAX_KEEP_DAYS
from ._parsing import (
    SECRET_CURE,
    close_coroutine,
    import_callable,
    import_value,
    parse_fallbacks,
    parse_secret,
    to_app_url,
    to_callable,
    to_days,
    to_hosts,
)
from ._parsing import SECRET_MAX_BYTES as SECRET_MAX_BYTES


@cache
def secret() -> bytes:
    """Return ``PTRACK_SECRET`` as 1 to 32 bytes.

    Raises ``ImproperlyConfigured`` when it is missing, empty, too long or of another
    type than str or bytes.
    """
    parsed = parse_secret(_read("PTRACK_SECRET", None))
    if isinstance(parsed, str):
        raise ImproperlyConfigured(f"PTRACK_SECRET {parsed}: {SECRET_CURE}.")
    return parsed


@cache
def secret_fallbacks() -> tuple[bytes, ...]:
    """Return ``PTRACK_SECRET_FALLBACKS``, the former secrets, each as 1 to 32 bytes.

    Raises ``ImproperlyConfigured`` when the setting is neither a list nor a tuple, or holds
    a bad secret.
    """
    parsed = parse_fallbacks(_read("PTRACK_SECRET_FALLBACKS", ()))
    if isinstance(parsed, str):
        raise ImproperlyConfigured(f"PTRACK_SECRET_FALLBACKS{parsed}.")
    return parsed


@cache
def secrets() -> tuple[bytes, ...]:
    """Return ``PTRACK_SECRET`` followed by ``PTRACK_SECRET_FALLBACKS``, each as 1 to 32 bytes.

    Raises what ``secret`` and ``secret_fallbacks`` raise.
    """
    return (secret(), *secret_fallbacks())


def app_url(*args: Any, **kwargs: Any) -> str:
    """Return the base of a pixel's URL, without a slash at its end, as ``PTRACK_APP_URL`` says.

    The setting is that URL, or a callable that takes the arguments of the tag and returns
    the URL, or the dotted path of such a callable.

    Raises ``ImproperlyConfigured`` when the setting, or what its callable returns, is missing,
    empty or no URL. Raises whatever the callable raises.
    """
    setting = app_url_or_callable()
    if isinstance(setting, str):
        return setting
    url = setting(*args, **kwargs)
    close_coroutine(url)
    return to_app_url(url, f"The result of PTRACK_APP_URL, the callable {setting!r},", "let it return")


def app_url_or_callable() -> str | Callable[..., object]:
    """Return ``PTRACK_APP_URL`` as a URL without a slash at its end, or as the callable that returns one.

    Raises ``ImproperlyConfigured`` as ``app_url`` does, but calls no callable.
    """
    value = raw_app_url()
    if callable(value):
        return value
    if isinstance(value, str) and value and "://" not in value:
        return import_callable(
            "PTRACK_APP_URL",
            value,
            remark=", without '://' and so a dotted path",
            cure="Write a URL, such as 'https://www.example.com', or the dotted path of a callable",
        )
    return _parse_app_url()


@cache
def _parse_app_url() -> str:
    return to_app_url(raw_app_url(), "PTRACK_APP_URL", "set it to")


def raw_app_url() -> object:
    """Return ``PTRACK_APP_URL`` as it is, or None if it is not set. A site that only serves pixels need not set it."""
    return _read("PTRACK_APP_URL", None)


def fixed_app_url() -> str | None:
    """Return ``PTRACK_APP_URL`` as it is if it is a URL, or None if it is a callable, missing or bad."""
    url = raw_app_url()
    return url if isinstance(url, str) and "://" in url else None


def consent() -> Callable[..., object] | None:
    """Return the callable of ``PTRACK_CONSENT``, or None if it is not set.

    Raises ``ImproperlyConfigured`` when the setting is neither a callable nor the dotted path of one.
    """
    return to_callable("PTRACK_CONSENT", _raw_consent())


@cache
def _raw_consent() -> object:
    return _read("PTRACK_CONSENT", None)


def link_allowed_hosts() -> list[str] | Callable[[str], object]:
    """Return ``PTRACK_LINK_ALLOWED_HOSTS``: patterns as in ``ALLOWED_HOSTS``, or a callable that takes a host.

    Raises ``ImproperlyConfigured`` when it is not set, or neither a list of str nor a callable
    nor the dotted path of one.
    """
    return to_hosts("PTRACK_LINK_ALLOWED_HOSTS", _read("PTRACK_LINK_ALLOWED_HOSTS", None))


def rules() -> object:
    """Return ``PTRACK_RULES``, the site's own rules on hits, or what its dotted path leads to; by default, none.

    Raises ``ImproperlyConfigured`` when the path cannot be imported.
    """
    value = _read("PTRACK_RULES", ())
    if not isinstance(value, str):
        return value
    return import_value("PTRACK_RULES", value, cure="Write the dotted path of a list of rules, or the list itself")


def opens_keep_address() -> bool:
    """Return whether ``ptrack.opens`` keeps IP addresses, the setting ``PTRACK_OPENS_KEEP_ADDRESS``."""
    return bool(_read("PTRACK_OPENS_KEEP_ADDRESS", False))


def opens_keep_query() -> bool:
    """Return whether ``ptrack.opens`` keeps the query of a link's URL, the setting ``PTRACK_OPENS_KEEP_QUERY``."""
    return bool(_read("PTRACK_OPENS_KEEP_QUERY", False))


def opens_keep_days() -> int | None:
    """Return for how many days ``ptrack.opens`` keeps hits, the setting ``PTRACK_OPENS_KEEP_DAYS``, or None for ever.

    Raises ``ImproperlyConfigured`` when it is neither None nor an int from 1 to ``MAX_KEEP_DAYS``.
    """
    return to_days("PTRACK_OPENS_KEEP_DAYS", _read("PTRACK_OPENS_KEEP_DAYS", None))


def has_opens_sent() -> bool:
    """Return whether ``PTRACK_OPENS_SENT`` is set."""
    return _read("PTRACK_OPENS_SENT", None) is not None


def opens_sent() -> Callable[..., object] | None:
    """Return the callable of ``PTRACK_OPENS_SENT``, which knows how many emails were sent, or None if it is not set.

    Raises ``ImproperlyConfigured`` when the setting is neither a callable nor the dotted path of one.
    """
    return to_callable("PTRACK_OPENS_SENT", _read("PTRACK_OPENS_SENT", None))


def opens_in_background() -> bool:
    """Return whether ``ptrack.opens`` stores hits in the task engine, the setting ``PTRACK_OPENS_IN_BACKGROUND``."""
    return bool(_read("PTRACK_OPENS_IN_BACKGROUND", False))


def allowed_hosts() -> list[str]:
    """Return ``ALLOWED_HOSTS``, the patterns of the hosts that the site answers for."""
    return list(_read("ALLOWED_HOSTS", []))


def uses_time_zones() -> bool:
    """Return ``USE_TZ``, which Django sets to True by default."""
    return bool(_read("USE_TZ", True))


def time_zone() -> str:
    """Return ``TIME_ZONE``, the name of the site's time zone."""
    return str(_read("TIME_ZONE", "UTC"))


def languages() -> list[str]:
    """Return the codes of ``LANGUAGES``, the languages that a request may have."""
    return [code for code, _ in _read("LANGUAGES", ())]


def uses_languages() -> bool:
    """Return ``USE_I18N``, which Django sets to True by default."""
    return bool(_read("USE_I18N", True))


def has_script_name() -> bool:
    """Return whether ``FORCE_SCRIPT_NAME`` is set. Only the main thread finds it in the script prefix."""
    return bool(_read("FORCE_SCRIPT_NAME", None))


def middleware() -> list[str]:
    """Return ``MIDDLEWARE``, the dotted paths of the site's middleware."""
    return list(_read("MIDDLEWARE", []))


def has_urlconf() -> bool:
    """Return whether ``ROOT_URLCONF`` is set."""
    return bool(_read("ROOT_URLCONF", None))


def urlconf_name() -> str:
    """Return ``ROOT_URLCONF`` if it is the name of a module, and an empty str otherwise."""
    urlconf = _read("ROOT_URLCONF", None)
    return urlconf if isinstance(urlconf, str) else ""


def project_package() -> str:
    """Return the name of the package that holds ``ROOT_URLCONF``, or an empty str if there is none."""
    return urlconf_name().rpartition(".")[0]


def _read(name: str, default: object) -> Any:
    return getattr(settings, name, default)


def _forget(*, setting: str, **signal: Any) -> None:
    if setting.startswith("PTRACK_"):
        for parsed_setting in (secret, secret_fallbacks, secrets, _parse_app_url, _raw_consent):
            parsed_setting.cache_clear()


setting_changed.connect(_forget, dispatch_uid="ptrack.conf")
