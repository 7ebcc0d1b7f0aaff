"""Requirements into exact versions, and the reason in words for each that can't be had.

The whole list is tried first. When it doesn't resolve, each requirement is tried by
itself, then they are put together one by one, so that the largest part that does
resolve is known and so is what is wrong with the rest.
"""

import re
import tempfile
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import InvalidName, canonicalize_name
from packaging.version import InvalidVersion, Version
from pydantic import BaseModel, ConfigDict, ValidationError

from grader.environment.forge import Forge, NotForged
from grader.environment.interpreters import Interpreter
from grader.environment.uv import (
    SOURCE_ONLY,
    Uv,
    is_unreachable,
    resolving_arguments,
    said,
)
from grader.errors import CannotMeasure
from grader.model.environment import Cause, Unresolved

# What runs and measures the tests, at our versions; an older one than these is replaced.
OURS = {"pytest": "9.2.0", "pytest-cov": "7.1.0", "coverage": "7.17.3"}
OLDEST = {"pytest": "8.0", "pytest-cov": "5.0", "coverage": "7.4"}

# Each turn is a resolution. A lock made for another Python, or for conda, may have a few
# versions that can't be had; one with more of them is not for here.
MOST_LOOSENED = 12

_TORCH = frozenset({"torch", "torchvision", "torchaudio"})

_UNKNOWN_PACKAGE = re.compile(r"(\S+) was not found in the (?:package registry|cache)")
_UNKNOWN_VERSION = re.compile(
    r"there (?:is no version of|are no versions of) ([^\s,]+)|"
    r"only (?:the following versions of )?(\S+) (?:is|are) available"
)
_NOT_BUILT = re.compile(r"Failed to (?:download and )?build ")
_NO_WHEEL = re.compile(
    r"no wheels? with a matching|no usable wheels|has no (?:usable )?wheels?|"
    r"building source distributions is disabled|requires? building|"
    r"Python requirement|depends on Python|requested Python version|current Python version"
)


@dataclass(frozen=True)
class Resolution:
    """Exact `name==version` lines, what could not be had, and what we added.

    `sources` are the pins of which there are only source distributions.
    """

    pins: tuple[str, ...]
    unresolved: tuple[Unresolved, ...] = ()
    added: tuple[str, ...] = ()
    sources: tuple[str, ...] = ()

    @property
    def versions(self) -> dict[str, str]:
        """The version of each package by canonical name."""
        parts = (pin.partition(" ")[0].partition("==") for pin in self.pins)
        return {str(canonicalize_name(name)): version for name, _, version in parts}


class _Unsolvable(Exception):
    def __init__(self, text: str, *, unreachable: bool) -> None:
        super().__init__(text)
        self.text = text
        self.unreachable = unreachable


class Resolver:
    """Resolves for one interpreter; each call is `uv pip compile`, wheels only."""

    def __init__(
        self,
        uv: Uv,
        interpreter: Interpreter,
        conda: frozenset[str] = frozenset(),
        forge: Forge | None = None,
    ) -> None:
        """`conda` are the lines asked of conda: their versions need not be on PyPI.

        With a `forge` source distributions are looked into as well, in its boxes.
        """
        self._uv = uv
        self._forge = forge
        self._remedy = "Packages without wheels are built with --build-from-source."
        if forge is not None and (trouble := forge.trouble()):
            self._forge, self._remedy = None, trouble[:1].upper() + trouble[1:]
        self._from_source: set[str] = set(SOURCE_ONLY)
        self._conda = conda
        self._interpreter = interpreter
        self._wants_torch = False

    def resolve(
        self,
        requirements: Sequence[str],
        constraints: Sequence[str] = (),
        additions: Sequence[str] = (),
    ) -> Resolution:
        """The largest part of the requirements that resolves, with what runs the tests.

        `constraints` hold versions where they can; `additions` are put on top where they
        fit. Raises `CannotMeasure` when the index can't be reached.
        """
        try:
            pins, constraints = self._constrained(requirements, constraints)
            base = Resolution(pins)
        except _Unsolvable as problem:
            # The CPU builds of PyTorch come from an index of their own: without it the
            # rest can still be had.
            if problem.unreachable and not self._wants_torch:
                raise _unreachable(problem) from problem
            constraints = ()
            base = self._largest_part(requirements, problem)
        declared = {_name(line) for line in requirements}
        new = [
            line
            for line in additions
            # Of what is declared already, only more extras are news.
            if _name(line) not in declared or _without_extras(line) != line
        ]
        held = [pin for pin in base.pins if _name(pin) in declared]
        base = self._with_additions(base, new, held, constraints)
        left_out = _lines(base.unresolved)
        kept = [line for line in (*requirements, *new) if line not in left_out]
        kept += [one.name for one in base.unresolved if one.instead]
        whole = self._with_ours(base, kept, constraints)
        sources = tuple(pin for pin in whole.pins if _name(pin) in self._from_source)
        return replace(whole, sources=sources)

    def _constrained(
        self, requirements: Sequence[str], constraints: Sequence[str]
    ) -> tuple[tuple[str, ...], Sequence[str]]:
        """The pins, and the constraints that could be had: a lock may be for elsewhere.

        None of them where leaving out what uv refuses takes too many turns.
        """
        for _ in range(MOST_LOOSENED):
            if not constraints:
                break
            try:
                return self._compile(requirements, constraints), constraints
            except _Unsolvable as problem:
                if problem.unreachable:
                    raise
                constraints = _without_refused(constraints, problem.text)
        return self._compile(requirements, ()), ()

    def _largest_part(
        self, requirements: Sequence[str], problem: _Unsolvable
    ) -> Resolution:
        """Leave out what uv names as the culprit, one at a time, until the rest resolves."""
        kept = list(requirements)
        unresolved: list[Unresolved] = []
        while kept:
            culprit, alone = self._culprit(kept, problem)
            at = kept.index(culprit)
            kept.pop(at)
            why = self._explain(culprit, problem, alone)
            if culprit in self._conda and why.cause == "unknown-version":
                kept.insert(at, _name(culprit))
            unresolved.append(why)
            try:
                return self._settled(self._compile(kept, ()), unresolved)
            except _Unsolvable as next_problem:
                problem = next_problem
        return Resolution((), tuple(unresolved))

    def _culprit(
        self, kept: Sequence[str], problem: _Unsolvable
    ) -> tuple[str, _Unsolvable | None]:
        """The requirement to leave out, and what is wrong with it by itself, if anything is.

        Of those that uv's explanation names, the last that can't be had even alone: a
        sound one may be named because another asks for a version of it that doesn't
        exist. Where all are sound they conflict, and the last gives way. It names none
        where the trouble is a dependency's, and then any may be at fault.
        """
        named = _named(problem.text, kept)
        for line in reversed(named or kept):
            if alone := self._wrong_alone(line):
                return line, alone
        return (named or list(kept))[-1], None

    def _wrong_alone(self, line: str) -> _Unsolvable | None:
        try:
            self._compile([line], ())
        except _Unsolvable as problem:
            # With extras uv says "no versions of name[extra]" whatever the reason is.
            bare = _without_extras(line)
            return (self._wrong_alone(bare) if bare != line else None) or problem
        return None

    def _settled(
        self, pins: tuple[str, ...], unresolved: Sequence[Unresolved]
    ) -> Resolution:
        """The resolution, where what could not be had may stand in another version."""
        versions = Resolution(pins).versions
        return Resolution(
            pins,
            tuple(
                (
                    _as_conda(one, versions.get(one.name))
                    if one.requirement in self._conda
                    else one.model_copy(update={"instead": versions.get(one.name)})
                )
                for one in unresolved
            ),
        )

    def _with_additions(
        self,
        base: Resolution,
        new: Sequence[str],
        held: Sequence[str],
        constraints: Sequence[str],
    ) -> Resolution:
        """The additions that fit, on top; `held` are the pins that they can't move.

        What only came along moves where an addition asks for another version of it.
        """
        if not new:
            return base
        try:
            pins = self._on_top(base.pins, new, held, constraints)
            return Resolution(pins, base.unresolved)
        except _Unsolvable:
            pass
        pins, unresolved = base.pins, list(base.unresolved)
        kept = list(held)
        for line in new:
            try:
                pins = self._on_top(pins, [line], kept, constraints)
                kept.append(line)
            except _Unsolvable as problem:
                why = self._explain(line, problem, self._wrong_alone(line))
                unresolved.append(why)
                if line in self._conda and why.cause == "unknown-version":
                    try:
                        pins = self._on_top(pins, [_name(line)], kept, constraints)
                        kept.append(_name(line))
                    except _Unsolvable:
                        pass
        return self._settled(pins, unresolved)

    def _on_top(
        self,
        pins: Sequence[str],
        lines: Sequence[str],
        held: Sequence[str],
        constraints: Sequence[str],
    ) -> tuple[str, ...]:
        """Lines on top of the pins, or else of those that must be held."""
        try:
            return self._compile([*pins, *lines], ())
        except _Unsolvable as problem:
            if problem.unreachable or set(held) == set(pins):
                raise
            return self._compile([*held, *lines], constraints)

    def _explain(
        self, line: str, problem: _Unsolvable, alone: _Unsolvable | None
    ) -> Unresolved:
        """Why a line can't be had: by itself (`alone`), or because of the rest."""
        if alone is not None:
            cause, reason, is_ours = self._cause(line, alone)
        elif problem.unreachable:
            cause, reason, is_ours = self._cause(line, problem)
        else:
            cause, is_ours = "conflict", False
            reason = f"{line} conflicts with the rest: {problem.text[:300]}"
        is_only_conda = line in self._conda and cause == "unknown-version"
        if self._uv.is_offline and not (is_ours or is_only_conda):
            # What is cached may be older than what is asked for.
            cause, is_ours = "unreachable", True
            reason = f"{reason} as far as is known offline"
        return Unresolved(
            name=_name(line),
            requirement=line,
            cause=cause,
            reason=reason,
            is_ours=is_ours,
        )

    def _cause(self, line: str, problem: _Unsolvable) -> tuple[Cause, str, bool]:
        name, text = Requirement(line).name, problem.text
        if problem.unreachable:
            return "unreachable", f"{line} could not be fetched: {text[:200]}", True
        python = f"Python {self._interpreter.version.major}.{self._interpreter.version.minor}"
        if _NOT_BUILT.search(text):
            reason = f"{line} has no wheel and could not be built: {text[:200]}"
            return "no-wheel", reason, True
        if _UNKNOWN_PACKAGE.search(text):
            unknown = _UNKNOWN_PACKAGE.search(text)
            missing = unknown[1] if unknown else name
            by = (
                ""
                if canonicalize_name(missing) == _name(line)
                else f", which {line} needs"
            )
            return "unknown-package", f"{missing} does not exist{by}", False
        if _NO_WHEEL.search(text):
            return (
                "no-wheel",
                f"{line} can't be had as a wheel for {python}: {text[:200]} {self._remedy}",
                True,
            )
        if unknown := _UNKNOWN_VERSION.search(text):
            missing = unknown[1] or unknown[2]
            is_its_own = _leading_name(missing) == _name(line)
            reason = (
                f"{line} does not exist"
                if is_its_own
                else f"{line} needs a version that does not exist: {text[:200]}"
            )
            return "unknown-version", reason, False
        return "conflict", f"{line}: {text[:300]}", False

    def _with_ours(
        self,
        resolution: Resolution,
        requirements: Sequence[str],
        constraints: Sequence[str],
    ) -> Resolution:
        """The resolution with pytest, pytest-cov and coverage in it, new enough."""
        has = resolution.versions
        wanted: list[str] = []
        for name, version in OURS.items():
            if name not in has or Version(has[name]) < Version(OLDEST[name]):
                wanted.append(f"{name}=={version}")
        if not wanted:
            return resolution
        rest = [line for line in requirements if _name(line) not in OURS]
        lowest = [f"{name}>={OLDEST[name]}" for name in OURS]
        # First with everything else as it is; then the project's own choice of these aside;
        # then any version of ours that will do.
        attempts = (
            ([*resolution.pins, *wanted], (), wanted),
            (
                [*rest, *(f"{name}=={version}" for name, version in OURS.items())],
                constraints,
                (),
            ),
            ([*rest, *lowest], constraints, ()),
        )
        pins = self._first_that_resolves(attempts)
        now = Resolution(pins).versions
        added = tuple(
            f"{name} {now[name]}"
            + (
                f" (instead of {has[name]}{_age(name, has[name])})"
                if name in has
                else ""
            )
            for name in OURS
            if now.get(name) != has.get(name)
        )
        return Resolution(pins, resolution.unresolved, added)

    def _first_that_resolves(
        self,
        attempts: Sequence[tuple[Sequence[str], Sequence[str], Sequence[str]]],
    ) -> tuple[str, ...]:
        problem: _Unsolvable | None = None
        for lines, constraints, overrides in attempts:
            try:
                return self._compile(lines, constraints, overrides=overrides)
            except _Unsolvable as error:
                if error.unreachable:
                    raise _unreachable(error) from error
                problem = error
        raise CannotMeasure(
            f"pytest can't be added to the project's environment: {problem and problem.text}"
        )

    def _compile(
        self,
        requirements: Sequence[str],
        constraints: Sequence[str],
        *,
        overrides: Sequence[str] = (),
    ) -> tuple[str, ...]:
        self._uv.home.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix="resolve-", dir=self._uv.home))
        asked = _write(folder / "requirements.in", requirements)
        arguments = [str(asked)]
        if constraints:
            arguments += [
                "--constraint",
                str(_write(folder / "constraints", constraints)),
            ]
        if overrides:
            arguments += ["--override", str(_write(folder / "overrides", overrides))]
        if _has_torch(requirements):
            return self._pins(folder, *arguments, "--torch-backend", "cpu")
        pins = self._pins(folder, *arguments)
        if _has_torch(pins):
            # Something needs PyTorch: PyPI has it with gigabytes of CUDA.
            return self._pins(folder, *arguments, "--torch-backend", "cpu")
        return pins

    def _pins(self, folder: Path, *arguments: str) -> tuple[str, ...]:
        self._wants_torch = "--torch-backend" in arguments
        if self._forge is not None:
            return self._forged_pins(self._forge, folder, *arguments)
        shown = ("--no-header", "--no-annotate", "--quiet")
        python = ("--python", self._interpreter.path)
        output = self._uv.run(
            *("pip", "compile", *arguments, *shown, *python), *resolving_arguments()
        )
        if output.exit_status != 0:
            raise _Unsolvable(said(output), unreachable=is_unreachable(output))
        lines = (line.strip() for line in output.stdout.splitlines())
        return tuple(line for line in lines if line and not line.startswith(("#", "-")))

    def _forged_pins(
        self, forge: Forge, folder: Path, *arguments: str
    ) -> tuple[str, ...]:
        """The pins that a box gives; which of them have no wheel is kept in mind."""
        try:
            output = forge.resolve(
                self._interpreter,
                folder,
                [*arguments, "--quiet", "--format", "pylock.toml"],
            )
        except NotForged as error:
            # A build that doesn't end is the package's trouble, and stays with it.
            text = f"Failed to build a package: {error.reason}"
            raise _Unsolvable(text, unreachable=error.is_unreachable) from error
        if output.exit_status != 0:
            raise _Unsolvable(said(output), unreachable=is_unreachable(output))
        locked = read_lock(output.stdout)
        self._from_source |= {name for name, _, has_wheel in locked if not has_wheel}
        return tuple(f"{name}=={version}" for name, version, _ in locked)


def read_lock(text: str) -> list[tuple[str, str, bool]]:
    """Name, version and whether there is a wheel, of each package of a `pylock.toml`.

    The text comes out of a box. Raises `CannotMeasure` where it isn't what uv would write.
    """
    try:
        return [
            (
                str(canonicalize_name(one.name, validate=True)),
                str(Version(one.version)),
                bool(one.wheels),
            )
            for one in _Lock.model_validate(tomllib.loads(text)).packages
        ]
    except (
        *(tomllib.TOMLDecodeError, RecursionError, ValidationError),
        *(InvalidName, InvalidVersion),
    ) as error:
        raise CannotMeasure(f"uv's answer is not a lock file: {error}"[:300]) from error


class _Locked(BaseModel):
    model_config = ConfigDict(extra="ignore")
    name: str
    version: str
    wheels: tuple[object, ...] = ()


class _Lock(BaseModel):
    model_config = ConfigDict(extra="ignore")
    packages: tuple[_Locked, ...] = ()


def _named(text: str, kept: Sequence[str]) -> list[str]:
    """The requirements of ours that uv's explanation names."""
    words = {
        str(canonicalize_name(word)) for word in re.findall(r"[A-Za-z][\w.-]*", text)
    }
    return [line for line in kept if _name(line) in words]


def _without_refused(constraints: Sequence[str], text: str) -> list[str]:
    """The constraints but for those that uv's explanation names; none if it names none."""
    refused = {line for line in constraints if line in text.split()}
    refused = refused or set(_named(text, constraints))
    return [line for line in constraints if line not in refused] if refused else []


def _age(name: str, version: str) -> str:
    return ", too old" if Version(version) < Version(OLDEST[name]) else ""


def _as_conda(one: Unresolved, instead: str | None) -> Unresolved:
    """What PyPI doesn't have of a conda manifest: it may well exist where conda looks."""
    if one.cause not in ("unknown-version", "unknown-package"):
        return one
    taken = f": {instead} was taken" if instead else ""
    return one.model_copy(
        update={
            "cause": "not-on-pypi",
            "is_ours": True,
            "instead": instead,
            "reason": f"{one.requirement} is asked of conda and is not on PyPI{taken}",
        }
    )


def _lines(unresolved: Sequence[Unresolved]) -> frozenset[str]:
    return frozenset(one.requirement for one in unresolved)


def _name(line: str) -> str:
    return str(canonicalize_name(Requirement(line).name))


def _without_extras(line: str) -> str:
    requirement = Requirement(line)
    if not requirement.extras:
        return line
    requirement.extras = set()
    return str(requirement)


def _leading_name(text: str) -> str:
    return str(canonicalize_name(re.split(r"[^\w.-]", text, maxsplit=1)[0]))


def _has_torch(requirements: Sequence[str]) -> bool:
    return any(Requirement(line).name.lower() in _TORCH for line in requirements)


def _write(file: Path, lines: Sequence[str]) -> Path:
    file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return file


def _unreachable(problem: _Unsolvable) -> CannotMeasure:
    return CannotMeasure(
        f"the project's packages could not be fetched: {problem.text[:300]} "
        "Check the network, or name an environment with --environment."
    )
