"""Finds the pixels of a site."""

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


def searched_places() -> list[str]:
    """Return where ``autodiscover`` looks for ``pixels.py``: names of packages, each once."""
    places = [app_config.name for app_config in apps.get_app_configs()]
    urlconf = conf.urlconf_name()
    project = conf.project_package() or (_folder_of(urlconf) and f"the folder of {urlconf}")
    return [*places, project] if project and project not in places else places


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
    """Return the folder that a top-level module or package is in, or None if it is in none."""
    try:
        spec = find_spec(module_name)
    except ValueError:
        # Of no name, or of a module that was not imported, such as "__main__".
        return None
    if spec is None or not spec.has_location or not spec.origin:
        return None
    file = Path(spec.origin)
    return file.parents[1] if spec.submodule_search_locations else file.parent
