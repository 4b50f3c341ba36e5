"""Check that the wheel and the source distribution hold the files that they should.

    python .ci/check_dist.py FOLDER

FOLDER holds both distributions. The command names each file that is missing or does not belong there, and then exits
with 1.
"""

from __future__ import annotations

import re
import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
METADATA = {"METADATA", "RECORD", "WHEEL", "top_level.txt", "licenses/LICENSE"}
SDIST_FILES = {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "README.md", "SECURITY.md", "setup.cfg", "tox.ini"}
SDIST_FOLDERS = (".ci", "benchmarks", "docs", "example", "ptrack", "tests")
#: Caches, hidden files and built pages are not part of the source.
SKIPPED = re.compile(r"__pycache__|/\.|^docs/_build/")


def files_below(folder: str) -> set[str]:
    files = (path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file())
    return {name for name in files if not SKIPPED.search(name)}


def main(dist: Path) -> int:
    [wheel], [sdist] = dist.glob("*.whl"), dist.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = set(archive.namelist())
    info = "-".join(wheel.name.split("-")[:2]) + ".dist-info"
    with tarfile.open(sdist) as archive:
        in_sdist = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}

    package = files_below("ptrack")
    expected_wheel = package | {f"{info}/{name}" for name in METADATA}
    expected_sdist = SDIST_FILES.union(*map(files_below, SDIST_FOLDERS))
    faults = {
        "The wheel lacks": expected_wheel - in_wheel,
        "The wheel should not hold": in_wheel - expected_wheel,
        "The source distribution lacks": expected_sdist - in_sdist,
    }
    for fault, names in faults.items():
        for name in sorted(names):
            print(f"{fault} {name}", file=sys.stderr)
    print(f"{wheel.name}: {len(in_wheel)} files; {sdist.name}: {len(in_sdist)} files")
    return int(any(faults.values()))


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
