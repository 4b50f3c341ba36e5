"""Measure ptrack.opens with the hits of a year: ``python benchmarks/opens.py postgresql --rows 1000000``.

Give it an empty database, or one that an earlier run filled: SQLite's file or the name of the
database is ``--name``. PostgreSQL's client reads variables such as PGHOST, MariaDB's the file that
MARIADB_CONFIG names. Rows are written first, a million in a few minutes. It measures

- storing a hit, beside a bare ``create()`` of a model with the same columns and indexes, on the
  same connection. It does not wait for the disk, which would make both sides equal;
- the report of 30 days, as queries alone and as a page;
- the first page of the list;
- a file of all hits, and the memory that it takes.
"""

from __future__ import annotations

import argparse
import os
import sys

import django
from django.conf import settings

ENGINES = {"sqlite": "sqlite3", "postgresql": "postgresql", "mariadb": "mysql"}
APPS = ("admin", "auth", "contenttypes", "messages", "sessions", "staticfiles")
#: What is measured.
PARTS = ("reports", "pages", "file", "storing")


def main() -> None:
    parser = argparse.ArgumentParser(description="Measure ptrack.opens with the hits of a year.")
    parser.add_argument("database", choices=ENGINES)
    parser.add_argument("--rows", type=int, default=1_000_000, help="hits of pixels (default: a million)")
    parser.add_argument("--name", default="ptrack_benchmark", help="the database (default: ptrack_benchmark)")
    parser.add_argument(
        "--only", nargs="+", choices=[*PARTS, "plans"], help="measure these; plans are those of queries"
    )
    options = parser.parse_args()
    configure(options.database, options.name)
    # These need Django to be set up.
    import opens_measure
    import opens_storing

    there = opens_measure.prepare(options.rows)
    if abs(there - options.rows) > 0.1 * options.rows:
        sys.exit(f"The database holds {there:,} hits of pixels: name an empty one for {options.rows:,}.")
    parts = {
        "reports": opens_measure.measure_reports,
        "pages": opens_measure.measure_pages,
        "file": opens_measure.measure_file,
        "storing": opens_storing.measure,
        "plans": opens_measure.show_plans,
    }
    for name in options.only or PARTS:
        parts[name]()


def configure(database: str, name: str) -> None:
    options = {"read_default_file": os.environ.get("MARIADB_CONFIG", "")} if database == "mariadb" else {}
    settings.configure(
        SECRET_KEY="not a secret: it belongs to the benchmark",
        INSTALLED_APPS=[*(f"django.contrib.{app}" for app in APPS), "ptrack", "ptrack.opens"],
        DATABASES={"default": {"ENGINE": f"django.db.backends.{ENGINES[database]}", "NAME": name, "OPTIONS": options}},
        TEMPLATES=[
            {
                "BACKEND": "django.template.backends.django.DjangoTemplates",
                "APP_DIRS": True,
                "OPTIONS": {
                    "context_processors": [
                        "django.template.context_processors.request",
                        "django.contrib.auth.context_processors.auth",
                    ]
                },
            }
        ],
        ROOT_URLCONF="opens_measure",
        STATIC_URL="static/",
        PTRACK_SECRET="a secret of the benchmark",
        PTRACK_APP_URL="https://www.example.com",
        USE_TZ=True,
        TIME_ZONE="Europe/Berlin",
        SILENCED_SYSTEM_CHECKS=["admin.E408", "admin.E409", "admin.E410", "ptrack.W002"],
    )
    django.setup()


if __name__ == "__main__":
    main()
