"""Imports every ``pixels.py`` of a site."""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from pathlib import Path

from django.apps import apps
from django.utils.module_loading import autodiscover_modules, module_has_submodule

from . import conf
from .trackers import tracker

_MODULE = "pixels"


def autodiscover() -> None:
    """Import ``pixels.py`` of every installed app, then that of the project.

    The one of the project stands beside the module that ``ROOT_URLCONF`` names. It comes last,
    so that an encoder that it assigns wins over an app's.

    A missing ``pixels.py`` is no error. Raises whatever an existing one raises, after removing
    what it had registered.
    """
    autodiscover_modules(_MODULE, register_to=tracker)
    saved = tracker.save()
    try:
        _import_from_project()
    except BaseException:
        tracker.restore(saved)
        raise


def searched_packages() -> list[str]:
    """Return the packages in which ``autodiscover`` looks for ``pixels.py``, each once."""
    packages = [app_config.name for app_config in apps.get_app_configs()]
    urlconf = conf.urlconf_name()
    project = conf.project_package() or (_folder_of(urlconf) and f"the folder of {urlconf}")
    return [*packages, project] if project and project not in packages else packages


def _import_from_project() -> None:
    package = conf.project_package()
    if not package:
        # Any library on Python's path may have a module of this name.
        folder = _folder_of(conf.urlconf_name())
        if folder and folder == _folder_of(_MODULE):
            import_module(_MODULE)
        return
    try:
        found = import_module(package)
    except ModuleNotFoundError as error:
        # A package that is missing holds no module. Django reports it when it needs the URLconf.
        if f"{package}.".startswith(f"{error.name}."):
            return
        raise
    if module_has_submodule(found, _MODULE):
        import_module(f"{package}.{_MODULE}")


def _folder_of(module_name: str) -> Path | None:
    """Return the folder that a top-level module or package is in, or None if it is in none."""
    try:
        spec = find_spec(module_name)
    except ValueError:
        # The name is empty, or that of a module without a spec, such as "__main__".
        return None
    if spec is None or not spec.has_location or not spec.origin:
        return None
    file = Path(spec.origin)
    return file.parents[1] if spec.submodule_search_locations else file.parent
