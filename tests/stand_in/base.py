"""A database backend that says it is another database, for a site of the tests that has no such server."""

from django.db.backends.sqlite3 import base


class DatabaseWrapper(base.DatabaseWrapper):
    vendor = "mysql"
