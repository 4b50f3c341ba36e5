"""The configuration of Sphinx, which builds the manual: ``tox run -e docs``."""

from __future__ import annotations

import configparser
import sys
from pathlib import Path

import django
from django.conf import settings
from sphinx.application import Sphinx

# The reference is made from the docstrings, and some modules ask for a set-up Django.
settings.configure(INSTALLED_APPS=["ptrack"], SECRET_KEY="not a secret: it belongs to the manual")
django.setup()

sys.path.insert(0, str(Path(__file__).parent))

from rules_table import PLACEHOLDER, make_table  # noqa: E402

metadata = configparser.ConfigParser()
metadata.read(Path(__file__).parents[1] / "setup.cfg", encoding="utf-8")

project = "ptrack"
author = metadata["metadata"]["author"]
project_copyright = author
release = version = metadata["metadata"]["version"]

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx_copybutton"]

# Headings down to this level can be linked to.
myst_heading_anchors = 3

autodoc_typehints = "description"
autodoc_typehints_description_target = "documented"
autodoc_member_order = "bysource"

# Nothing is downloaded, so names of Python and of Django have nothing to point to.
nitpick_ignore_regex = [(r"py:.*", r"(?!ptrack\.).*")]

html_theme = "furo"
html_title = f"ptrack {release}"
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True}
pygments_style = "tango"

#: Links of the files in the root of the repository, and what they are in the manual, which includes these files.
LINKS_OF_ROOT_FILES = {
    "](CHANGELOG.md": "](changelog.md",
    "](CONTRIBUTING.md": "](contributing.md",
    "](SECURITY.md": "](security-policy.md",
    "](docs/": "](",
}


def link_within_the_manual(app: Sphinx, relative_path: Path, parent_docname: str, content: list[str]) -> None:
    """Change the links of an included file, which Sphinx hands over as a list of one text."""
    for link, replacement in LINKS_OF_ROOT_FILES.items():
        content[0] = content[0].replace(link, replacement)


def insert_table_of_rules(app: Sphinx, docname: str, content: list[str]) -> None:
    """Put the table of rules into the page that has a place for it. Sphinx hands over a page as a list of one text."""
    content[0] = content[0].replace(PLACEHOLDER, make_table())


def setup(app: Sphinx) -> None:
    app.connect("source-read", insert_table_of_rules)
    app.connect("include-read", link_within_the_manual)
