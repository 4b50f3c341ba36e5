"""Finds the pixels of a site."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from django.utils.module_loading import autodiscover_modules, module_has_submodule

from . import conf
from .trackers import tracker

_MODULE = "pixels"


def autodiscover() -> None:
    """Import ``pixels.py`` of every installed app, then that of the project.

    That of the project is beside the module that ``ROOT_URLCONF`` names. It comes last, so
    that an encoder it assigns wins over an app's.

    Raises whatever an existing ``pixels.py`` raises, and what it had registered by then is
    registered no more; a missing one is no error.
    """
    autodiscover_modules(_MODULE, register_to=tracker)
    registry = tracker._registry.copy()
    try:
        _import_from_project()
    except BaseException:
        tracker._registry = registry
        raise


def _import_from_project() -> None:
    package = conf.project_package()
    if not package:
        # Only from there: on the path, any library may have a module of this name.
        folder = _folder_of(conf.urlconf_name())
        if folder and folder == _folder_of(_MODULE):
            import_module(_MODULE)
        return
    try:
        found = import_module(package)
    except ModuleNotFoundError as error:
        # A package that is not there holds no module. Django says so when it needs the URLconf.
        if f"{package}.".startswith(f"{error.name}."):
            return
        raise
    if module_has_submodule(found, _MODULE):
        import_module(f"{package}.{_MODULE}")


def _folder_of(module_name: str) -> Path | None:
    """Return the folder of a top-level module that is in a file, or None."""
    try:
        spec = find_spec(module_name)
    except ValueError:
        # Of a module that was not imported, such as "__main__".
        return None
    return Path(spec.origin).parent if spec and spec.has_location and spec.origin else None
