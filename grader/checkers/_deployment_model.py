"""A deployment as its file describes it, whatever the host."""

from dataclasses import dataclass

from grader.codebase.documents import Document
from grader.model.measurement import Sight


@dataclass(frozen=True)
class Variable:
    """A variable that a service is given in its file: its text, and the line of it."""

    name: str
    value: str
    line: int | None


@dataclass(frozen=True)
class Service:
    """One web service of a file.

    `command` starts it, in `folder`; without one the image does: of `dockerfile` if it is
    named (`""`: of whichever fits its `image`). `app_file` is what a host starts by itself.
    `port` is the one that the host sends requests to, None where it gives `$PORT`; with
    `is_portless` it sends none to a port. `health` is the path that the host asks.
    """

    sight: Sight
    command: str = ""
    command_line: int | None = None
    folder: str = ""
    dockerfile: str | None = None
    image: str = ""
    app_file: str = ""
    port: int | None = None
    is_portless: bool = False
    health: str = ""
    health_line: int | None = None
    variables: tuple[Variable, ...] = ()


@dataclass(frozen=True)
class Deployment:
    """One file: what it is, its web services, or what is wrong with it.

    `others` are what it has beside web services: a worker, a static site. `variables` are
    what these are given too; those of web services may be among them.
    """

    kind: str
    path: str
    services: tuple[Service, ...] = ()
    others: tuple[Sight, ...] = ()
    problem: str = ""
    line: int | None = None
    variables: tuple[Variable, ...] = ()

    @property
    def values(self) -> tuple[Variable, ...]:
        """The variables of everything in the file, web service or not."""
        own = [one for service in self.services for one in service.variables]
        return tuple(dict.fromkeys((*own, *self.variables)))


def text_at(document: Document, *keys: str | int) -> str:
    """A text or number below keys; `""` where there is none."""
    value = document.at(*keys)
    if isinstance(value, bool) or value is None or isinstance(value, list | dict):
        return ""
    return str(value)


def number_at(document: Document, *keys: str | int) -> int | None:
    """A port below keys, if it is one."""
    text = text_at(document, *keys).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def words_at(document: Document, *keys: str | int) -> list[str]:
    """The texts of a list below keys; of one text that alone."""
    value = document.at(*keys)
    if isinstance(value, list):
        return [str(one) for one in value if isinstance(one, str | int | float)]
    return [value] if isinstance(value, str) else []


def keys_at(document: Document, *keys: str | int) -> list[str | int]:
    """The keys of a mapping below keys, or the positions of a list."""
    value = document.at(*keys)
    if isinstance(value, dict):
        return list(value)
    return list(range(len(value))) if isinstance(value, list) else []


def variables_at(document: Document, *keys: str | int) -> tuple[Variable, ...]:
    """Variables of a mapping, or of a list of `name` or `key` with `value`."""
    found = []
    for key in keys_at(document, *keys)[:200]:
        if isinstance(key, str):
            place: tuple[str | int, ...] = (*keys, key)
            name = key
        else:
            place = (*keys, key, "value")
            name = text_at(document, *keys, key, "name")
            name = name or text_at(document, *keys, key, "key")
        if name and (value := text_at(document, *place)):
            found.append(Variable(name, value, document.line_of(*place)))
    return tuple(found)
