"""Finds the pixels of a site."""

from __future__ import annotations

from importlib import import_module

from django.utils.module_loading import autodiscover_modules, module_has_submodule

from . import conf
from .trackers import tracker


def autodiscover() -> None:
    """Import ``pixels.py`` of every installed app, then that of the project package.

    The project package is the one that holds ``ROOT_URLCONF``. It comes last, so that
    an encoder it assigns wins over an app's.

    Raises whatever an existing ``pixels.py`` raises; a missing one is no error.
    """
    autodiscover_modules("pixels", register_to=tracker)
    _import_from_project("pixels")


def _import_from_project(module_name: str) -> None:
    """Import a module of the project package if it is there.

    Takes the module's name without the package. Raises whatever the module raises.
    """
    package = conf.project_package()
    if not package:
        return
    try:
        found = import_module(package)
    except ModuleNotFoundError as error:
        # A package that is not there holds no module. Django says so when it needs the URLconf.
        if f"{package}.".startswith(f"{error.name}."):
            return
        raise
    if module_has_submodule(found, module_name):
        import_module(f"{package}.{module_name}")
