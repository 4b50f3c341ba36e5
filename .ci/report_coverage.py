"""Reports the coverage, and asks for all of it if every Python was at hand that some line is for.

python .ci/report_coverage.py FOLDER_OF_TOX
"""

from __future__ import annotations

import sys
from pathlib import Path

from coverage.cmdline import main as coverage

# With the oldest Django; with Django 6 and what Python knows of frames since 3.13.
NEEDED = ("py311-django52", "py313-django61")


def main(folder: Path) -> int | None:
    missing = [name for name in NEEDED if not (folder / name / "pyvenv.cfg").is_file()]
    if missing:
        print(f"Some lines are for {' and '.join(missing)} alone, for which there is no Python here:")
    return coverage(["report", *(["--fail-under=0"] if missing else [])])


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
