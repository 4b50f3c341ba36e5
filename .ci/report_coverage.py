"""Reports the coverage, and asks for all of it if every environment ran that some line is for.

python .ci/report_coverage.py FOLDER_OF_TOX
"""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path

from coverage.cmdline import main as coverage

# With the oldest Django; with Django 6 and what Python knows of frames since 3.13; with real servers.
NEEDED = ("py311-oldest", "py313-django61", "fuzz")
#: The environments of databases, by the variables that say where the database is.
DATABASES = {"postgresql": "PGHOST", "mariadb": "MARIADB_CONFIG"}
#: Tests by their environments, and whether what they need beside Python is here. Where it is not, they do not count.
OPTIONAL = {
    "e2e": shutil.which("chromium") is not None,
    # A PostgreSQL that pg_virtualenv started, for they stop it.
    "faults": "PGVERSION" in os.environ and None not in map(shutil.which, ["redis-server", "mariadbd"]),
}


def main(folder: Path) -> int | None:
    def has_run(name: str) -> bool:
        return (folder / name / "pyvenv.cfg").is_file()

    missing = [name for name in NEEDED if not has_run(name)]
    missing += [name for name, variable in DATABASES.items() if variable not in os.environ]
    if missing:
        print(f"Some lines are for {' and '.join(missing)} alone, which did not run here:")
    left_out = [f"tests/{name}/*" for name, is_possible in OPTIONAL.items() if not (is_possible and has_run(name))]
    options = [f"--omit={','.join(left_out)}"] if left_out else []
    return coverage(["report", *options, *(["--fail-under=0"] if missing else [])])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
