"""The repository's own pytest settings: honoured, but where they end the measuring."""

import shlex
from collections.abc import Mapping
from dataclasses import dataclass

# Pytest's own rule for which file it reads, in its order; pytest is pinned exactly.
from _pytest.config.exceptions import UsageError
from _pytest.config.findpaths import CONFIG_LOADERS_BY_NAME, ConfigValue
from _pytest.outcomes import OutcomeException

from grader.codebase.documents import text_of
from grader.model.measurement import Finding
from grader.model.snapshot import Snapshot

_MAX_BYTES = 1024 * 1024
# No later option undoes these: they run no test, stop at the first failing one, wait
# for a person, or take away the coverage or the report.
_TAKEN_OUT = frozenset(
    {
        *("--co", "--collect-only", "--collectonly", "--setup-only", "--setuponly"),
        *("--setup-plan", "--setupplan", "--fixtures", "--funcargs", "--markers"),
        *("--fixtures-per-test", "--cache-show", "--help", "-h", "--version", "-V"),
        *("--sw", "--stepwise", "--sw-skip", "--stepwise-skip", "--pdb", "--trace"),
        *("--no-cov", "--no-cov-on-fail"),
    }
)
# What collects the tests, what measures, and what has the options that we give.
_TAKEN_OUT_PLUGINS = frozenset(
    f"no:{prefix}{name}"
    for name in ("cov", "_cov", "junitxml", "python", "unittest", "terminal", "tmpdir")
    for prefix in ("", "pytest_")
)
_OVERRIDDEN = ("--exitfirst", "--maxfail", "--cov", "--junit", "--basetemp")
_NARROWING = ("-k", "-m", "--deselect", "--ignore", "--ignore-glob")


@dataclass(frozen=True)
class OwnSettings:
    """What pytest reads at the top of the repository.

    `file` is its settings file, if there is one, `addopts` its extra command line.
    `problem` says why pytest can't read the file: then `addopts` is empty.
    """

    file: str | None = None
    addopts: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True)
class SiftedOptions:
    """An `addopts` by what happens to it; the words are as in the settings file.

    `kept` is what pytest gets. `taken_out` would have ended the measuring; `overridden`
    is in `kept`, but our own command line comes later and wins; `narrowing` is honoured
    and leaves tests out. `changed` says that `kept` is not what the file says.
    """

    kept: tuple[str, ...] = ()
    taken_out: tuple[str, ...] = ()
    overridden: tuple[str, ...] = ()
    narrowing: tuple[str, ...] = ()
    changed: bool = False


def read_own_settings(snapshot: Snapshot) -> OwnSettings:
    """The settings by pytest's own rule, at the top of the repository; never raises."""
    for name, load in CONFIG_LOADERS_BY_NAME.items():
        if name not in snapshot.files:
            continue
        if text_of(snapshot, name, _MAX_BYTES) is None:
            told = "it is no regular file, or larger than 1 MiB"
            return OwnSettings(file=name, problem=told)
        try:
            values = load(snapshot.root / name)
            if values is None:
                continue
            addopts = _words(values)
        except (UsageError, OutcomeException) as error:
            return OwnSettings(file=name, problem=str(error))
        except (AttributeError, TypeError, ValueError, OSError) as error:
            # Pytest ends with a traceback for these: bad quotes, a table that is none.
            return OwnSettings(file=name, problem=f"{type(error).__name__}: {error}")
        return OwnSettings(file=name, addopts=addopts)
    return OwnSettings()


def sift(addopts: tuple[str, ...], snapshot: Snapshot) -> SiftedOptions:
    """Divide an `addopts`; option files (`@options.txt`) are read, as pytest would."""
    kept: list[str] = []
    taken_out: list[str] = []
    overridden: list[str] = []
    narrowing: list[str] = []
    rest = iter(_expanded(addopts, snapshot))
    for word in rest:
        if word == "-p":
            plugin = next(rest, "")
            pair = [word, plugin]
            (taken_out if plugin.strip() in _TAKEN_OUT_PLUGINS else kept).extend(pair)
            continue
        if word in _TAKEN_OUT or word.removeprefix("-p") in _TAKEN_OUT_PLUGINS:
            taken_out.append(word)
            continue
        kept.append(word)
        if word in _NARROWING:
            value = next(rest, "")
            kept.append(value)
            narrowing.append(shlex.join([word, value]))
        elif word.partition("=")[0] in _NARROWING:
            narrowing.append(word)
        elif word.startswith(_OVERRIDDEN) or _stops_early(word):
            overridden.append(word)
    return SiftedOptions(
        tuple(kept),
        tuple(taken_out),
        tuple(overridden),
        tuple(narrowing),
        changed=tuple(kept) != addopts,
    )


def settings_findings(settings: OwnSettings, snapshot: Snapshot) -> tuple[Finding, ...]:
    """What of the repository's own settings was not used, and which leave tests out."""
    sifted = sift(settings.addopts, snapshot)
    findings: list[Finding] = []
    if unused := (*sifted.taken_out, *sifted.overridden):
        findings.append(
            Finding(
                rule="own-settings",
                message=f"The repository's own pytest options {shlex.join(unused)} "
                "were not used: they would have changed what is measured.",
                path=settings.file,
                severity="warning" if sifted.taken_out else "info",
            )
        )
    if sifted.narrowing:
        findings.append(
            Finding(
                rule="tests-left-out",
                message="The repository's own pytest options leave tests out: "
                f"{' '.join(sifted.narrowing)}",
                path=settings.file,
                severity="info",
            )
        )
    return tuple(findings)


def _words(values: Mapping[str, ConfigValue]) -> tuple[str, ...]:
    if "addopts" not in values:
        return ()
    value = values["addopts"].value
    if isinstance(value, str):
        return tuple(shlex.split(value))
    if isinstance(value, list) and all(isinstance(word, str) for word in value):
        return tuple(value)
    raise TypeError("addopts is neither text nor a list of texts")


def _expanded(words: tuple[str, ...], snapshot: Snapshot) -> list[str]:
    expanded: list[str] = []
    for word in words:
        # Only a file of the repository: what is read here is told in a finding.
        if word.startswith("@") and word[1:] in snapshot.files:
            text = text_of(snapshot, word[1:], _MAX_BYTES)
            expanded += (text or "").splitlines()
        else:
            expanded.append(word)
    return expanded


def _stops_early(word: str) -> bool:
    # -x, also among other flags that take no value: -qx, -xvs.
    return word.startswith("-") and "x" in word and set(word[1:]) <= set("xqvsl")
