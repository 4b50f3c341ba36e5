"""Metadata stands in setup.cfg; this adds ``python setup.py test``."""

import importlib.util
import subprocess
import sys

# Top-level modules that the tests import, beside those that these bring along.
REQUIRED = (
    *("setuptools", "django", "nacl", "crawleruseragents", "django_tasks"),
    *("pytest", "pytest_django", "css_inline", "hypothesis", "jinja2", "justhtml", "markdown_it"),
    *("mrml", "PIL", "sybil"),
)

missing = [name for name in REQUIRED if importlib.util.find_spec(name) is None]
if sys.argv[1:2] == ["test"] and missing:
    sys.exit(
        f"The tests need {', '.join(missing)}, which this Python lacks. Install all they need with\n"
        f"    {sys.executable} -m pip install setuptools -e '.[tests]'\n"
        "or let tox do it, as the README says."
    )

from setuptools import Command, setup  # noqa: E402


class Test(Command):
    """Run the tests with the arguments of pytest that ``--pytest`` gives."""

    description = "run the tests with pytest"
    user_options = [("pytest=", None, "arguments for pytest, such as '-k encoder'")]

    def initialize_options(self):
        self.pytest = ""

    def finalize_options(self):
        pass

    def run(self):
        sys.exit(subprocess.call([sys.executable, "-m", "pytest", *self.pytest.split()]))


setup(cmdclass={"test": Test})
