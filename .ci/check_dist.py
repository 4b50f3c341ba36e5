"""Compare what a wheel and a source distribution hold with what they should.

Takes the folder that holds both; exits with 1 and names the files otherwise.
"""

from __future__ import annotations

import sys
import tarfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[1]
METADATA = {"METADATA", "RECORD", "WHEEL", "top_level.txt", "licenses/LICENSE"}


def files_below(folder: str) -> set[str]:
    files = (path.relative_to(ROOT).as_posix() for path in (ROOT / folder).rglob("*") if path.is_file())
    return {name for name in files if "__pycache__" not in name and "/." not in name}


def main(dist: Path) -> int:
    [wheel], [sdist] = dist.glob("*.whl"), dist.glob("*.tar.gz")
    with zipfile.ZipFile(wheel) as archive:
        in_wheel = set(archive.namelist())
    info = "-".join(wheel.name.split("-")[:2]) + ".dist-info"
    with tarfile.open(sdist) as archive:
        in_sdist = {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}

    package = files_below("ptrack")
    expected_wheel = package | {f"{info}/{name}" for name in METADATA}
    expected_sdist = {"LICENSE", "README.md", "CHANGELOG.md", "tox.ini", "setup.cfg"}.union(
        *map(files_below, ("ptrack", "tests", "example", "benchmarks", ".ci"))
    )
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
