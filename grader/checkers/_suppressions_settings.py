"""Settings of a repository's own that hide files or rules from its tools.

None of them is honoured when a check is measured: the rubric chooses how a tool is
configured. They hide from the project's own runs, its hooks and its CI.
"""

import configparser
import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import PurePosixPath

from coverage.exceptions import ConfigError
from coverage.files import globs_to_regex

from grader.checkers._suite.settings import read_own_settings, sift
from grader.codebase.documents import Value, documents_of, text_of
from grader.model.snapshot import Snapshot, is_test_file

_MAX_BYTES = 256 * 1024
# A pattern of many wildcards, or a regular expression of somebody's, may take for ever.
_MAX_PATTERN = 200
_MAX_WILDCARDS = 6
_MAX_PATTERNS = 100
# Of regular expressions those whose time is bounded: nothing is repeated but a dot.
_PLAIN_REGEX = re.compile(r"(?:[\w./\\|()^$-]|(?<=\.)[*+])*")
_MAX_REPEATED = 3
_BASELINE = ".secrets.baseline"

# What `pylint --generate-rcfile` writes: these are off by default.
_PYLINT_DEFAULTS = frozenset(
    "raw-checker-failed bad-inline-option locally-disabled file-ignored "
    "suppressed-message useless-suppression deprecated-pragma "
    "use-symbolic-message-instead use-implicit-booleaness-not-comparison-to-string "
    "use-implicit-booleaness-not-comparison-to-zero".split()
)
# flake8's own list of ignored codes, which somebody may write out.
_FLAKE8_DEFAULTS = frozenset(
    {"E121", "E123", "E126", "E226", "E24", "E704", "W503", "W504"}
)
# What coverage leaves out by itself, or what can't run.
_COVERAGE_DEFAULTS = re.compile(
    r"pragma: no cover|TYPE_CHECKING|__main__|NotImplementedError|@(abc\.)?abstract"
    r"|\\?\.\\?\.\\?\.|Protocol|__repr__|@overload"
)


@dataclass(frozen=True)
class Hiding:
    """One setting that hides: where, whose, and what in words."""

    path: str
    tool: str
    setting: str
    hides: str


@dataclass(frozen=True)
class _Setting:
    """One setting as a file has it: `section` and `name` in small letters."""

    path: str
    section: str
    name: str
    values: tuple[str, ...]


_Judge = Callable[[Sequence[str], Snapshot], str]


def settings_that_hide(snapshot: Snapshot) -> tuple[Hiding, ...]:
    """The settings at the top of the repository that hide one of its files, or rules."""
    found: list[Hiding] = []
    for setting in _settings(snapshot):
        for tool, sections, name, judge in _KNOWN:
            if name != setting.name or not re.fullmatch(sections, setting.section):
                continue
            if hides := judge(setting.values, snapshot):
                shown = f"[{setting.section}] {setting.name}"
                found.append(Hiding(setting.path, tool, shown, hides))
    found += _of_pytest(snapshot)
    found += _baseline(snapshot)
    return tuple(dict.fromkeys(found))


def _by_name(values: Sequence[str], snapshot: Snapshot) -> str:
    """As flake8, isort and pylint compare: a path, a folder, or a name anywhere."""
    plain = [one for one in values if _is_plain(one)][:_MAX_PATTERNS]
    patterns = [one.removeprefix("./").rstrip("/") for one in plain]
    return _counted(
        [
            path
            for path in snapshot.python_files
            if any(_matches(path, pattern) for pattern in patterns if pattern)
        ]
    )


def _matches(path: str, pattern: str) -> bool:
    pure = PurePosixPath(path)
    wholes = [path, *(str(parent) for parent in pure.parents if str(parent) != ".")]
    return any(fnmatchcase(one, pattern) for one in (*wholes, *pure.parts))


def _by_regex(values: Sequence[str], snapshot: Snapshot) -> str:
    """As black and mypy do: searched in the path. Only of what can't take for ever."""
    # Black's are written over several lines, with comments.
    lines = [re.sub(r"#.*", "", line) for one in values for line in one.split("\n")]
    text = ("" if len(values) == 1 else "|").join("".join(one.split()) for one in lines)
    repeated = text.count("*") + text.count("+")
    if len(text) > _MAX_PATTERN or repeated > _MAX_REPEATED:
        return ""
    if not _PLAIN_REGEX.fullmatch(text):
        return ""
    try:
        pattern = re.compile(text)
    except re.error:
        return ""
    if not text:
        return ""
    paths = snapshot.python_files
    return _counted([path for path in paths if pattern.search(f"/{path}")])


def _by_coverage(values: Sequence[str], snapshot: Snapshot) -> str:
    plain = [one for one in values if _is_plain(one)][:_MAX_PATTERNS]
    patterns = [one.removeprefix("./") for one in plain]
    try:
        omitted = globs_to_regex(patterns) if patterns else None
    except ConfigError:
        return ""
    if omitted is None:
        return ""
    return _counted(
        [
            path
            for path in snapshot.source_files
            if not is_test_file(path) and omitted.match(path)
        ]
    )


def _rules(values: Sequence[str], snapshot: Snapshot) -> str:
    del snapshot
    rules = [one for one in values if one and one not in _PYLINT_DEFAULTS]
    return f"the rules {_list(rules)}" if rules else ""


def _flake8_rules(values: Sequence[str], snapshot: Snapshot) -> str:
    # Black's layout needs these two off; pycodestyle has W503 off by itself.
    beyond = [one for one in values if one not in _FLAKE8_DEFAULTS | {"E203"}]
    return _rules(beyond, snapshot)


def _per_file(values: Sequence[str], snapshot: Snapshot) -> str:
    del snapshot
    files = [one for one in values if ":" in one]
    return f"rules in some files: {_list(files)}" if files else ""


def _lines_left_out(values: Sequence[str], snapshot: Snapshot) -> str:
    del snapshot
    beyond = [one for one in values if one and not _COVERAGE_DEFAULTS.search(one)]
    return f"lines like {_list(beyond)}" if beyond else ""


def _errors(values: Sequence[str], snapshot: Snapshot) -> str:
    del snapshot
    is_on = any(one.lower() in ("true", "1", "yes", "on") for one in values)
    return "every error in these modules" if is_on else ""


_FLAKE8, _COV = r"(tool\.)?flake8", r"(tool\.coverage\.|coverage:)?"
_PYLINT = r"(tool\.)?pylint(\..+)?|main|master|messages control|basic"
_RUFF = r"tool\.ruff(\.lint)?|lint|"
_KNOWN: tuple[tuple[str, str, str, _Judge], ...] = (
    *(
        ("black", r"tool\.black", name, _by_regex)
        for name in ("exclude", "extend-exclude", "force-exclude")
    ),
    *(
        ("isort", r"tool\.isort|settings|isort|tool:isort", name, _by_name)
        for name in ("skip", "extend_skip", "skip_glob", "extend_skip_glob")
    ),
    *(("flake8", _FLAKE8, name, _by_name) for name in ("exclude", "extend-exclude")),
    *(("flake8", _FLAKE8, name, _flake8_rules) for name in ("ignore", "extend-ignore")),
    ("flake8", _FLAKE8, "per-file-ignores", _per_file),
    *(("ruff", _RUFF, name, _by_name) for name in ("exclude", "extend-exclude")),
    *(("ruff", _RUFF, name, _flake8_rules) for name in ("ignore", "extend-ignore")),
    ("ruff", _RUFF, "per-file-ignores", _per_file),
    ("pylint", _PYLINT, "ignore", _by_name),
    ("pylint", _PYLINT, "ignore-paths", _by_regex),
    ("pylint", _PYLINT, "ignore-patterns", _by_regex),
    ("pylint", _PYLINT, "disable", _rules),
    ("mypy", r"tool\.mypy|mypy", "exclude", _by_regex),
    ("mypy", r"tool\.mypy(\..*)?|mypy(-.*)?", "ignore_errors", _errors),
    ("mypy", r"tool\.mypy(\..*)?|mypy(-.*)?", "disable_error_code", _rules),
    ("bandit", r"tool\.bandit|bandit", "skips", _rules),
    ("bandit", r"tool\.bandit|bandit", "exclude_dirs", _by_name),
    *(
        ("coverage", f"{_COV}{part}", "omit", _by_coverage)
        for part in ("run", "report")
    ),
    *(
        ("coverage", f"{_COV}report", name, _lines_left_out)
        for name in ("exclude_lines", "exclude_also")
    ),
)
_INI = (
    *(".flake8", "setup.cfg", "tox.ini", ".coveragerc", ".isort.cfg", ".pylintrc"),
    *("pylintrc", "mypy.ini", ".mypy.ini", ".bandit"),
)
_TOML = ("pyproject.toml", "ruff.toml", ".ruff.toml", ".coveragerc.toml")


def _settings(snapshot: Snapshot) -> Iterator[_Setting]:
    for path in _INI:
        if path in snapshot.files:
            yield from _ini(path, text_of(snapshot, path, _MAX_BYTES) or "")
    for path in _TOML:
        if path in snapshot.files:
            yield from _toml(path, documents_of(snapshot).get(path).value)


def _ini(path: str, text: str) -> Iterator[_Setting]:
    parser = configparser.RawConfigParser(strict=False, allow_no_value=True)
    try:
        parser.read_string(text)
    except (configparser.Error, ValueError):
        return
    for section in parser.sections():
        for name, value in parser.items(section):
            # Lines for coverage, whose patterns have commas in them; else either parts.
            parts = re.split(
                r"\n" if name.startswith("exclude_") else r"[,\n]", value or ""
            )
            lines = (re.sub(r"(^|\s)[#;].*", "", part).strip() for part in parts)
            yield _Setting(
                path, section.lower(), name.lower(), tuple(one for one in lines if one)
            )


def _toml(path: str, value: Value) -> Iterator[_Setting]:
    stack: list[tuple[str, Value]] = [("", value)]
    while stack:
        section, inner = stack.pop()
        if isinstance(inner, list):
            stack += [(section, one) for one in inner if isinstance(one, dict)]
        if not isinstance(inner, dict):
            continue
        for name, one in inner.items():
            below = f"{section}.{name}".strip(".").lower()
            if isinstance(one, dict) and name == "per-file-ignores":
                files = tuple(
                    f"{file}: {' '.join(map(str, rules if isinstance(rules, list) else [rules]))}"
                    for file, rules in one.items()
                )
                yield _Setting(path, section, name, files)
            elif isinstance(one, dict):
                stack.append((below, one))
            elif isinstance(one, list):
                stack.append((below, one))
                yield _Setting(path, section, name.lower(), tuple(map(str, one)))
            else:
                yield _Setting(path, section, name.lower(), (str(one),))


def _of_pytest(snapshot: Snapshot) -> Iterator[Hiding]:
    settings = read_own_settings(snapshot)
    narrowing = sift(settings.addopts, snapshot).narrowing
    if settings.file and narrowing:
        yield Hiding(settings.file, "pytest", "addopts", f"tests: {_list(narrowing)}")


def _baseline(snapshot: Snapshot) -> Iterator[Hiding]:
    """detect-secrets' list of what is known: each entry is passed over."""
    if _BASELINE not in snapshot.files:
        return
    try:
        value: object = json.loads(text_of(snapshot, _BASELINE, _MAX_BYTES) or "")
    except (ValueError, RecursionError):
        return
    results = value.get("results") if isinstance(value, dict) else None
    if isinstance(results, dict) and results:
        entries = sum(len(one) for one in results.values() if isinstance(one, list))
        yield Hiding(
            _BASELINE, "detect-secrets", "results", f"{entries} secrets as known ones"
        )


def _is_plain(pattern: str) -> bool:
    wildcards = pattern.count("*") + pattern.count("[")
    return 0 < len(pattern) <= _MAX_PATTERN and wildcards <= _MAX_WILDCARDS


def _counted(paths: Sequence[str]) -> str:
    if not paths:
        return ""
    return f"{len(paths)} file{'' if len(paths) == 1 else 's'}: {_list(paths)}"


def _list(names: Sequence[str], most: int = 5) -> str:
    shown = [" ".join(name.split())[:80] for name in names[:most]]
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(shown) + more
