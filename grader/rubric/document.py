"""A YAML document as plain data that remembers where each part of it stands in the text."""

from typing import NoReturn

import yaml

from grader.errors import GradeError

MAX_BYTES = 1024 * 1024
MAX_NODES = 50_000

Location = tuple[str | int, ...]


class Document:
    """A YAML document as plain data, and where in the text each part of it stands."""

    def __init__(self, source: str, what: str) -> None:
        self.source = source
        self._what = what
        self.content: object = None
        self._values: dict[Location, yaml.Mark] = {}
        self._keys: dict[Location, yaml.Mark] = {}
        # How far a one-line scalar's text is from its mark: past the quote, if any.
        self._opening: dict[Location, int] = {}
        self._texts: dict[Location, str] = {}
        self._nodes = 0

    @classmethod
    def read(cls, raw: bytes, source: str, what: str = "this file") -> "Document":
        """The document in `raw`; `what` says in errors what it should be, as "a rubric"."""
        document = cls(source, what)
        if len(raw) > MAX_BYTES:
            raise GradeError(f"{source}: {what} has at most {MAX_BYTES // 1024} KiB.")
        try:
            node = yaml.compose(raw.decode("utf-8-sig"), yaml.SafeLoader)
        except UnicodeDecodeError as error:
            raise GradeError(
                f"{source}: is not UTF-8 text (byte {error.start})."
            ) from error
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            place = f":{mark.line + 1}:{mark.column + 1}" if mark else ""
            what = error.problem or error.context or "cannot be read"
            raise GradeError(
                f"{source}{place}: this is not valid YAML: {what}."
            ) from error
        except (yaml.YAMLError, RecursionError) as error:
            raise GradeError(f"{source}: this is not valid YAML: {error}.") from error
        if node is None:
            return document
        document.content = document._build(node, ())
        return document

    def refuse(
        self, at: Location, message: str, *, key: bool = False, shift: int = 0
    ) -> NoReturn:
        """Raise `GradeError` at a place; `shift` characters into its text."""
        raise GradeError(f"{self.place(at, key=key, shift=shift)}: {message}")

    def line(self, at: Location) -> int:
        """The line, from 1, where a part stands."""
        while at not in self._values and at:
            at = at[:-1]
        return self._values[at].line + 1

    def text(self, at: Location) -> str | None:
        """A scalar as it is written, quotes aside: `007` and `on` have a meaning in YAML.

        None for what is no scalar, and for null.
        """
        return self._texts.get(at)

    def place(self, at: Location, *, key: bool = False, shift: int = 0) -> str:
        """`file:line:column` of a part of the document."""
        marks = self._keys if key and at in self._keys else self._values
        shift = shift + self._opening[at] if at in self._opening else 0
        while at not in marks and at:
            at = at[:-1]
        mark = marks.get(at) or self._values[()]
        return f"{self.source}:{mark.line + 1}:{mark.column + 1 + shift}"

    def _build(self, node: yaml.Node, at: Location) -> object:
        self._nodes += 1
        # Aliases of aliases can stand for billions of nodes in a few lines.
        if self._nodes > MAX_NODES or len(at) > 50:
            raise GradeError(
                f"{self.source}: this YAML is too large or nested too deeply."
            )
        self._values[at] = node.start_mark
        if isinstance(node, yaml.MappingNode):
            return self._build_mapping(node, at)
        if isinstance(node, yaml.SequenceNode):
            return [self._build(part, (*at, i)) for i, part in enumerate(node.value)]
        assert isinstance(node, yaml.ScalarNode)
        return self._scalar(node, at)

    def _build_mapping(self, node: yaml.MappingNode, at: Location) -> dict[str, object]:
        built: dict[str, object] = {}
        for key_node, value_node in node.value:
            name = key_node.value if isinstance(key_node, yaml.ScalarNode) else None
            if name is None:
                self._values[at] = key_node.start_mark
                self.refuse(at, "a key is plain text.")
            here = (*at, name)
            if name in built:
                self._values[here] = key_node.start_mark
                self.refuse(here, f'the key "{name}" stands here twice.')
            self._keys[here] = key_node.start_mark
            built[name] = self._build(value_node, here)
        return built

    def _scalar(self, node: yaml.ScalarNode, at: Location) -> object:
        if node.style in (None, "", "'", '"'):
            self._opening[at] = 1 if node.style in ("'", '"') else 0
        loader = yaml.SafeLoader("")
        try:
            value: object = loader.construct_object(node)
        except (yaml.YAMLError, ValueError, OverflowError) as error:
            self.refuse(at, f"this value can't be read: {error}.")
        finally:
            loader.dispose()
        if value is not None:
            self._texts[at] = node.value
        return value
