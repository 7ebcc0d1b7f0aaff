"""What the tests need and the interpreter that runs them hasn't got.

Whose fault that is, the environment says: a package that the project doesn't declare is the
project's, one that we could not get is ours, and then a failing test says nothing.
"""

import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

from grader.checkers._base import Bench
from grader.checkers._suite.interpreter import Presence, presence
from grader.checkers._suite.run import SuiteRun
from grader.environment.given import Blame
from grader.errors import CannotMeasure
from grader.model.measurement import Finding
from grader.model.snapshot import Snapshot

_MODULE = r"['\"]?(?P<name>[A-Za-z_][\w.]*)['\"]?"
_MISSING = (
    re.compile(rf"No module named {_MODULE}"),
    # What pandas, starlette and others say of a package they need for one function.
    re.compile(rf"Missing optional dependency {_MODULE}"),
    re.compile(rf"requires the {_MODULE} package to be installed"),
    re.compile(rf"Unable to find a usable engine; tried using: {_MODULE}"),
    # A folder of data that is called as a package takes its place: wandb/, mlflow/.
    re.compile(rf"cannot import name \S+ from {_MODULE} \(unknown location\)"),
    re.compile(rf"module {_MODULE} has no attribute"),
)
# A library of the system, and a pytest as new as the settings demand.
_NOT_A_MODULE = re.compile(
    r"(?<=ImportError: )lib\S+\.so\S*(?=: cannot open shared object file)"
    r"|(?<='minversion' requires )pytest-\S+(?=, actual)"
)

# What shows that a plugin of pytest's is missing: a fixture, an option, a marker.
_FIXTURE = re.compile(r"fixture '(\w+)' not found")
_ARGUMENTS = re.compile(r"unrecognized arguments: (.*)")
_MARKER = re.compile(r"'(\w+)' not found in `markers` configuration option")
_REQUIRED = re.compile(r"Missing required plugins: (.*)")
_SETTING = re.compile(r"Unknown config option: (\w+)")
_ASYNC = "async def functions are not natively supported"
_PLUGINS: Mapping[str, tuple[str, frozenset[str]]] = {
    "anyio": ("anyio", frozenset({"anyio", "anyio_backend"})),
    "pytest-asyncio": (
        "pytest_asyncio",
        frozenset({"asyncio", "--asyncio-mode", "asyncio_mode", _ASYNC}),
    ),
    "pytest-benchmark": ("pytest_benchmark", frozenset({"benchmark"})),
    "pytest-dotenv": ("pytest_dotenv", frozenset({"--envfile", "env_files"})),
    "pytest-env": ("pytest_env", frozenset({"env"})),
    "pytest-html": ("pytest_html", frozenset({"--html", "--self-contained-html"})),
    "pytest-httpx": ("pytest_httpx", frozenset({"httpx_mock"})),
    "pytest-mock": ("pytest_mock", frozenset({"mocker", "session_mocker"})),
    "pytest-randomly": ("pytest_randomly", frozenset({"--randomly-seed"})),
    "pytest-rerunfailures": (
        "pytest_rerunfailures",
        frozenset({"flaky", "--reruns", "--reruns-delay"}),
    ),
    "pytest-timeout": ("pytest_timeout", frozenset({"timeout", "--timeout"})),
    "pytest-xdist": ("xdist", frozenset({"-n", "--numprocesses", "--dist"})),
    "requests-mock": ("requests_mock", frozenset({"requests_mock"})),
}

# Far above what a project imports; keeps a command line of hostile names short.
_MAX_NAMES = 200


def lacking_findings(
    run: SuiteRun, snapshot: Snapshot, bench: Bench
) -> tuple[Finding, ...]:
    """What tests missed in their environment by the project's own fault, a finding each.

    Raises `CannotMeasure` when something is missing that is ours to provide: then a failing
    test says nothing about the project.
    """
    if run.output.killed_by is not None:
        return ()
    lacking = _lacking(run, snapshot, bench)
    blames = {name: _blame(name, bench) for name in sorted(lacking)}
    ours = {name: blame for name, blame in blames.items() if blame.is_ours}
    if ours:
        reasons = "; ".join(dict.fromkeys(blame.reason for blame in ours.values()))
        raise CannotMeasure(f"the tests need {', '.join(ours)}: {reasons}")
    return tuple(
        Finding(
            rule="missing-package",
            message=f"The tests need {name}: {blame.reason}.",
            severity="error",
            fix="Declare it in the project's environment.yml or requirements.txt.",
        )
        for name, blame in blames.items()
    )


def _blame(name: str, bench: Bench) -> Blame:
    if ".so" in name:
        return Blame(True, f"{name} is a library of the system and not installed here")
    # A plugin may stand here with the version that is asked for: pytest-mock>=3.
    bare = re.match(r"[\w.-]+", name)
    return bench.environment.blame(bare[0] if bare else name)


def _lacking(run: SuiteRun, snapshot: Snapshot, bench: Bench) -> set[str]:
    texts = _complaints(run)
    named = dict.fromkeys(name for text in texts for name in _modules(text))
    modules = tuple(named)[:_MAX_NAMES]
    plugins = {name for text in texts for name in _plugins(text)}
    importable = {_PLUGINS[plugin][0] for plugin in plugins if plugin in _PLUGINS}
    has = presence(sorted({_top(name) for name in modules} | importable), bench)
    return {
        *(
            _described(name, has[_top(name)], snapshot)
            for name in modules
            if is_lacking(name, has[_top(name)], snapshot)
        ),
        *(
            name
            for name in plugins
            if name not in _PLUGINS or has[_PLUGINS[name][0]] == "absent"
        ),
        *(name for text in texts for name in _NOT_A_MODULE.findall(text)),
    }


def is_lacking(name: str, has: Presence, snapshot: Snapshot) -> bool:
    """Whether a module that could not be imported is missing in the interpreter.

    `name` is dotted, `has` is what that interpreter has of its first part:

    - the interpreter has it: not lacking, and a missing part of it is the project's;
    - the repository has a module or folder of Python of that name: the project's own,
      unless it lies below `src/` and the build settings say that it is installed;
    - anything else is lacking.
    """
    top, _, rest = name.partition(".")
    if has == "present":
        return False
    if _is_own(top, snapshot):
        return not rest and _is_to_be_installed(top, snapshot)
    # `google` is a folder of many distributions: google.cloud may still be missing.
    return has == "absent" or bool(rest)


def _described(name: str, has: Presence, snapshot: Snapshot) -> str:
    if _is_own(_top(name), snapshot):
        return f"{name} (the project itself: pip install -e .)"
    return _top(name) if has == "absent" else name


def _top(name: str) -> str:
    return name.partition(".")[0]


def _is_own(top: str, snapshot: Snapshot) -> bool:
    return any(
        top in PurePosixPath(path).parts[:-1] or PurePosixPath(path).stem == top
        for path in snapshot.python_files
    )


def _is_to_be_installed(top: str, snapshot: Snapshot) -> bool:
    below_src = (f"src/{top}/", f"src/{top}.py")
    if not any(path.startswith(below_src) for path in snapshot.python_files):
        return False
    # With an __init__.py it is `src` that is the package: `import src.model`.
    if "src/__init__.py" in snapshot.files:
        return False
    if "setup.py" in snapshot.files:
        return True
    if "pyproject.toml" not in snapshot.files:
        return False
    text = (snapshot.root / "pyproject.toml").read_text("utf-8", errors="replace")
    try:
        project = tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return False
    return "build-system" in project


def _complaints(run: SuiteRun) -> list[str]:
    results, stopped = run.told.results.told, run.told.stopped
    bad = [result for result in results if result.is_bad]
    # pytest.importorskip skips what would have been tested.
    skipped = [result for result in results if result.outcome == "skipped"]
    texts = [f"{result.message}\n{result.text}" for result in (*bad, *skipped)]
    if stopped is not None:
        texts.append(f"{stopped.message}\n{stopped.text}")
    if run.told.status not in (0, 1, 5, 6):
        texts += [run.output.stderr, run.output.stdout]
    elif bad:
        # The log of a failing test, where code says what it missed and goes on without.
        texts.append(run.output.stdout)
    return texts


def _modules(text: str) -> Iterable[str]:
    for pattern in _MISSING:
        for match in pattern.finditer(text):
            yield match["name"].strip(".")


def _plugins(text: str) -> Iterable[str]:
    signs = {
        sign
        for pattern in (_FIXTURE, _MARKER, _SETTING)
        for sign in pattern.findall(text)
    }
    for arguments in _ARGUMENTS.findall(text):
        signs |= {word.partition("=")[0] for word in arguments.split()}
    if _ASYNC in text:
        signs.add(_ASYNC)
    for plugin, (_, known) in _PLUGINS.items():
        if signs & known:
            yield plugin
    for names in _REQUIRED.findall(text):
        yield from (name.strip() for name in names.split(","))
