"""The database servers of the site: they are stopped, stand still, and have their tables locked."""

from __future__ import annotations

import abc
import contextlib
import getpass
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

from servers import descendants, kill_tree, wait_until
from support import HAS_POSTGRESQL, NO_POSTGRESQL

#: A lock ends with its connection.
LOCKS = {
    "postgresql": "LOCK TABLE ptrack_opens_pixelhit IN ACCESS EXCLUSIVE MODE",
    "mariadb": "LOCK TABLES ptrack_opens_pixelhit WRITE",
}


class Database(abc.ABC):
    """A server, with databases for each test."""

    #: What the site's settings call it, and the module of its client.
    engine, client = "", ""

    def __init__(self, folder: Path) -> None:
        """Take a folder for what is written."""
        self.folder = folder
        self._client: Any = import_module(self.client)
        #: What the site needs to find it.
        self.environ: dict[str, str] = {"FAULTS_ENGINE": self.engine}

    @abc.abstractmethod
    def create(self, name: str) -> None:
        """Make a database."""

    @abc.abstractmethod
    def copy(self, name: str, copy: str) -> None:
        """Make another database with the tables of one."""

    @abc.abstractmethod
    def drop(self, name: str) -> None:
        """Drop a database, whoever is connected to it."""

    @abc.abstractmethod
    def stop(self) -> None:
        """End the server at once, as a crash does."""

    @abc.abstractmethod
    def start(self) -> None:
        """Start it again, and wait until it answers."""

    @abc.abstractmethod
    def close(self) -> None:
        """End what was started."""

    @abc.abstractmethod
    def connect(self, name: str) -> Any:
        """Return a connection of its client to a database."""

    @abc.abstractmethod
    def process(self) -> int:
        """Return the process that all others of the server come from."""

    @contextlib.contextmanager
    def locked_table(self, name: str) -> Iterator[None]:
        """Lock the table of hits, as a migration does."""
        with contextlib.closing(self.connect(name)) as connection:
            connection.cursor().execute(LOCKS[self.engine])
            yield

    @contextlib.contextmanager
    def stopped(self, name: str) -> Iterator[None]:
        """Let all processes of the server stand still, without an end of its connections."""
        processes = [self.process(), *descendants(self.process())]
        try:
            _send(signal.SIGSTOP, processes)
            yield
        finally:
            _send(signal.SIGCONT, processes)


class PostgreSQL(Database):
    """The server to which the client's own variables lead; pg_virtualenv -t starts one that may be stopped."""

    engine, client = "postgresql", "psycopg"

    def create(self, name: str) -> None:
        subprocess.run(["createdb", name], check=True)

    def copy(self, name: str, copy: str) -> None:
        subprocess.run(["createdb", "--template", name, copy], check=True)

    def drop(self, name: str) -> None:
        subprocess.run(["dropdb", "--force", name], check=True)

    def stop(self) -> None:
        self._control("stop", "--mode", "immediate")

    def start(self) -> None:
        self._control("start")

    def close(self) -> None:
        """Leave the server to whoever started it."""

    def connect(self, name: str) -> Any:
        return self._client.connect(dbname=name)

    def process(self) -> int:
        with contextlib.closing(self.connect("postgres")) as connection:
            [folder] = connection.execute("SHOW data_directory").fetchone()
        return int((Path(folder) / "postmaster.pid").read_text().split()[0])

    def _control(self, action: str, *options: str) -> None:
        # The cluster has the name that pg_virtualenv gives it.
        subprocess.run(["pg_ctlcluster", os.environ["PGVERSION"], "regress", action, *options], check=True)


class MariaDB(Database):
    """A server of the tests' own."""

    engine, client = "mariadb", "MySQLdb"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        config = folder / "client.cnf"
        config.write_text(f"[client]\nsocket={folder / 'socket'}\nuser=root\ndefault-character-set=utf8mb4\n")
        self.environ["MARIADB_CONFIG"] = str(config)
        self._options = ["--no-defaults", f"--datadir={folder / 'data'}", f"--user={getpass.getuser()}"]
        made = ["mariadb-install-db", *self._options, "--auth-root-authentication-method=normal", "--skip-test-db"]
        self._log = (folder / "log").open("ab")
        subprocess.run(made, check=True, stdout=self._log, stderr=self._log)
        self.start()

    def create(self, name: str) -> None:
        self._execute(f"CREATE DATABASE {name}")

    def copy(self, name: str, copy: str) -> None:
        self.create(copy)
        config = f"--defaults-file={self.environ['MARIADB_CONFIG']}"
        dumped = subprocess.run(["mariadb-dump", config, name], check=True, stdout=subprocess.PIPE)
        subprocess.run(["mariadb", config, copy], check=True, input=dumped.stdout)

    def drop(self, name: str) -> None:
        self._execute(f"DROP DATABASE {name}")

    def stop(self) -> None:
        kill_tree(self._server)

    def start(self) -> None:
        command = ["mariadbd", *self._options, f"--socket={self.folder / 'socket'}", "--skip-networking"]
        self._server = subprocess.Popen(
            [*command, "--character-set-server=utf8mb4"], stdout=self._log, stderr=self._log
        )
        wait_until("MariaDB", self._answers)

    def close(self) -> None:
        self.stop()
        self._log.close()

    def connect(self, name: str) -> Any:
        return self._client.connect(read_default_file=self.environ["MARIADB_CONFIG"], database=name)

    def process(self) -> int:
        return self._server.pid

    def _execute(self, statement: str) -> None:
        with contextlib.closing(self.connect("")) as connection:
            connection.cursor().execute(statement)

    def _answers(self) -> bool:
        with contextlib.suppress(self._client.OperationalError):
            self._execute("SELECT 1")
            return True
        return False


DATABASES = [
    pytest.param(PostgreSQL, id="postgresql", marks=pytest.mark.skipif(not HAS_POSTGRESQL, reason=NO_POSTGRESQL)),
    pytest.param(
        MariaDB,
        id="mariadb",
        marks=pytest.mark.skipif(
            shutil.which("mariadbd") is None,
            reason="There is no MariaDB here. Debian's package is called mariadb-server.",
        ),
    ),
]


owns_server = pytest.mark.skipif(
    HAS_POSTGRESQL and "PGVERSION" not in os.environ,
    reason="This PostgreSQL is not to be stopped; one that pg_virtualenv -t starts is.",
)


def _send(signal_number: int, processes: list[int]) -> None:
    for process in processes:
        # A process of a connection may have ended.
        with contextlib.suppress(ProcessLookupError):
            os.kill(process, signal_number)
