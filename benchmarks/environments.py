"""Makes environments for the packages that ptrack is compared with: one of them has the same import name."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
from importlib.metadata import version
from pathlib import Path

#: These have the same version in every environment, so that only the package differs.
SHARED = ("django", "pynacl", "asgiref", "granian", "gunicorn")


def make_environment(cache: Path, name: str, requirements: list[str], without_their_own: list[str]) -> Path:
    """Return the Python of an environment, which is made when it is first asked for.

    Takes the folder of all environments, a name, what to install, and what to install without
    its own requirements, which may be old.
    """
    shared = [f"{package}=={version(package)}" for package in SHARED]
    folder = cache / "-".join([name, f"py{sys.version_info[0]}{sys.version_info[1]}", *shared])
    python = folder / ("Scripts" if os.name == "nt" else "bin") / "python"
    if not (folder / "complete").exists():
        print(f"Installing {name} with {', '.join(shared)} ...", file=sys.stderr)
        venv.create(folder, with_pip=True, clear=True)
        for words in ([*shared, *requirements], *([["--no-deps", *without_their_own]] if without_their_own else [])):
            subprocess.run([python, "-m", "pip", "install", "--quiet", *words], check=True)
        (folder / "complete").touch()
    return python
