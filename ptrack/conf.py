"""The settings of ptrack: the only module that reads them, each time they are asked for.

A secret leaves here as bytes, a base address without a slash at its end. A bad value is
described by a helper that returns text, so that no frame of the exception holds it.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.utils.functional import empty

#: Bytes in the key of a NaCl SecretBox; PyNaCl's ``SecretBox.KEY_SIZE``.
SECRET_MAX_BYTES = 32

# Holds the settings in force at "_wrapped". Asking the lazy object around them runs Python
# code each time, and far more of it for a setting that is missing; tags and hits would notice.
_lazy_settings = vars(settings)

_SECRET_CURE = (
    "use a str or bytes of 1 to 32 bytes in UTF-8, such as the one that 'python manage.py ptrack_secret' prints"
)


def secret() -> bytes:
    """Return ``PTRACK_SECRET`` as 1 to 32 bytes.

    Raises ``ImproperlyConfigured`` when it is missing, empty, too long or of another
    type than str or bytes.
    """
    parsed = _parse_secret(_read("PTRACK_SECRET", None))
    if isinstance(parsed, str):
        raise ImproperlyConfigured(f"PTRACK_SECRET {parsed}: {_SECRET_CURE}.")
    return parsed


def secret_fallbacks() -> tuple[bytes, ...]:
    """Return ``PTRACK_SECRET_FALLBACKS``, the former secrets, each as 1 to 32 bytes.

    Raises ``ImproperlyConfigured`` when the setting is no list or tuple, or holds a bad
    secret.
    """
    parsed = _parse_fallbacks(_read("PTRACK_SECRET_FALLBACKS", ()))
    if isinstance(parsed, str):
        raise ImproperlyConfigured(f"PTRACK_SECRET_FALLBACKS{parsed}.")
    return parsed


def secrets() -> tuple[bytes, ...]:
    """Return ``PTRACK_SECRET`` and after it ``PTRACK_SECRET_FALLBACKS``, each as 1 to 32 bytes.

    Raises what ``secret`` and ``secret_fallbacks`` raise.
    """
    # Few sites have former ones, and every tag and hit asks.
    if _read("PTRACK_SECRET_FALLBACKS", ()) == ():
        return (secret(),)
    return (secret(), *secret_fallbacks())


def app_url() -> str:
    """Return ``PTRACK_APP_URL``, the base of every pixel's address, without a slash at its end.

    Raises ``ImproperlyConfigured`` when it is missing, empty or no str.
    """
    url = raw_app_url()
    if isinstance(url, str) and url:
        return url.rstrip("/")
    fault = "not set" if url is None else "empty" if url == "" else f"of type {type(url).__name__}"
    raise ImproperlyConfigured(
        f"PTRACK_APP_URL is {fault}: set it to the address that mail clients can reach, "
        "such as 'https://www.example.com'."
    )


def raw_app_url() -> object:
    """Return ``PTRACK_APP_URL`` as it is, None if it is not set; a site that only serves pixels need not set it."""
    return _read("PTRACK_APP_URL", None)


def opens_keep_address() -> bool:
    """Return whether ``PTRACK_OPENS_KEEP_ADDRESS`` is set: whether ``ptrack.opens`` keeps remote addresses."""
    return bool(_read("PTRACK_OPENS_KEEP_ADDRESS", False))


def opens_in_background() -> bool:
    """Return whether ``PTRACK_OPENS_IN_BACKGROUND`` is set: whether ``ptrack.opens`` works in the task engine."""
    return bool(_read("PTRACK_OPENS_IN_BACKGROUND", False))


def uses_time_zones() -> bool:
    """Return whether ``USE_TZ`` is set, as it is by default."""
    return bool(_read("USE_TZ", True))


def languages() -> list[str]:
    """Return the codes of ``LANGUAGES``, those that a request may have."""
    return [code for code, _ in _read("LANGUAGES", ())]


def has_script_name() -> bool:
    """Return whether ``FORCE_SCRIPT_NAME`` is set, which only the main thread finds in the script prefix."""
    return bool(_read("FORCE_SCRIPT_NAME", None))


def middleware() -> list[str]:
    """Return ``MIDDLEWARE``, the dotted paths of the site's middleware."""
    return list(_read("MIDDLEWARE", []))


def has_urlconf() -> bool:
    """Return whether ``ROOT_URLCONF`` is set."""
    return bool(_read("ROOT_URLCONF", None))


def urlconf_name() -> str:
    """Return ``ROOT_URLCONF``, a module's name, or an empty str if it is not set or the module itself."""
    urlconf = _read("ROOT_URLCONF", None)
    return urlconf if isinstance(urlconf, str) else ""


def project_package() -> str:
    """Return the name of the package that holds ``ROOT_URLCONF``, or an empty str if there is none."""
    return urlconf_name().rpartition(".")[0]


def _read(name: str, default: object) -> Any:
    in_force = _lazy_settings["_wrapped"]
    return getattr(settings if in_force is empty else in_force, name, default)


def _parse_secret(value: object) -> bytes | str:
    """Return a secret as bytes, or what is wrong with it as text."""
    if isinstance(value, str):
        try:
            value = value.encode()
        except UnicodeEncodeError:
            return "holds a character that UTF-8 cannot express"
    if not isinstance(value, bytes):
        return "is not set" if value is None else f"is of type {type(value).__name__}"
    if 0 < len(value) <= SECRET_MAX_BYTES:
        return value
    if not value:
        return "is empty"
    # A file that a secret is read from ends in a line break.
    extent = "" if value == value.strip() else ", white space at its ends included"
    return f"is {len(value)} bytes long in UTF-8{extent}"


def _parse_fallbacks(value: object) -> tuple[bytes, ...] | str:
    """Return former secrets as bytes, or what is wrong with them as text."""
    if not isinstance(value, (list, tuple)):
        reason = "; the letters of a bare string would each become a secret that anyone can guess"
        return (
            f" is of type {type(value).__name__}: use a list of former secrets"
            f"{reason if isinstance(value, (str, bytes)) else ''}"
        )
    secrets: tuple[bytes, ...] = ()
    for number, item in enumerate(value, start=1):
        parsed = _parse_secret(item)
        if isinstance(parsed, str):
            return f", item {number}, {parsed}: {_SECRET_CURE}"
        secrets += (parsed,)
    return secrets
