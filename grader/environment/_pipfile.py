"""Pipfile: Pipenv's packages, development packages, Python and package indexes."""

from grader.environment._collect import Collected
from grader.environment._poetry import add_table
from grader.environment._pyproject import parse_toml, table
from grader.environment._text import Files, Text


def read_pipfile(files: Files, text: Text, into: Collected) -> None:
    """Read a Pipfile."""
    del files  # A Pipfile names no other file that is followed.
    document = parse_toml(text, into)
    requires = table(document, "requires")
    for key, suffix in (("python_full_version", ""), ("python_version", ".*")):
        value = requires.get(key)
        if isinstance(value, str) and into.python is None:
            place = into.place(text.line_of(key))
            into.ask_python(f"=={value}{suffix}", f'{key} = "{value}"', place)
    for key, group in (("packages", "runtime"), ("dev-packages", "dev")):
        for name, value in table(document, key).items():
            add_table(
                into, name, value, into.place(text.line_of(name), group), "Pipenv"
            )
    sources = document.get("source")
    for source in sources if isinstance(sources, list) else []:
        url = table(source).get("url")
        if isinstance(url, str) and "pypi.org" not in url:
            place = into.place(text.line_of(url))
            into.refuse(
                url, "asks for another package index; packages come from PyPI", place
            )
