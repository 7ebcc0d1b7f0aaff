"""Dependencies: what is imported is declared, what is declared is used, held and resolves."""

from typing import Literal

from grader.checkers._base import Bench, Checker, Options, Result, unparsable_findings
from grader.checkers._checklist import Checklist, Criterion, quantities_of
from grader.checkers._dependencies_answers import Facts, answer, use_findings
from grader.checkers._dependencies_commands import started_distributions
from grader.checkers._dependencies_imports import imports_of
from grader.checkers._dependencies_locks import (
    compiled_requirements,
    locks_of,
    pinned_names,
)
from grader.checkers._dependencies_resolved import Resolved, resolved
from grader.checkers._dependencies_use import conflicts_of, declarations_of, use_of
from grader.environment.manifests import Project, manifests_of
from grader.model.measurement import Quantity
from grader.model.snapshot import Snapshot

CRITERIA = (
    Criterion(
        "manifest",
        "a manifest declares the packages that the project needs",
        "List the packages in an environment.yml, requirements.txt or pyproject.toml.",
    ),
    Criterion(
        "imports_declared",
        "every package that the code, the tests and the notebooks import is declared",
        "Add the packages to the manifest, with a version.",
    ),
    Criterion(
        "all_used",
        "every declared package is imported, started or loaded by another one",
        "Take the packages that nothing uses out of the manifest.",
    ),
    Criterion(
        "pinned",
        "every declared package is held to one version, by its line or by a lock file",
        "Write name==version (conda: name=version), or commit a lock file.",
    ),
    Criterion(
        "lock_file",
        "a lock file is there that has all that its manifest declares",
        "Lock the environment and commit the file: conda-lock, uv lock, poetry lock or "
        "pip-compile; again whenever the manifest changes.",
    ),
    Criterion(
        "python_stated",
        "a manifest says which Python the project needs",
        "Add python=3.11 to environment.yml, requires-python to pyproject.toml, or a "
        ".python-version file.",
    ),
    Criterion(
        "dev_apart",
        "tools for development are declared apart from what the program needs to run",
        "Move pytest, black, jupyter and the like to requirements-dev.txt, "
        "[dependency-groups] or an environment of their own; keep what runs out of it.",
    ),
    Criterion(
        "consistent",
        "no two manifests, and no two lines of one, ask for different versions",
        "Write the same version everywhere, or let one file take it from the other.",
    ),
)


class DependenciesOptions(Options):
    """`resolve: environment` asks the environment that the tests run in, and builds it.

    By default (`none`) nothing is built or downloaded for this check, and whether what is
    declared can be had is not measured.
    """

    resolve: Literal["none", "environment"] = "none"


class Dependencies(Checker[DependenciesOptions]):
    """Packages declared, used and held to versions.

    Why it matters
        What isn't declared is missing on the next computer, and in the container. What
        isn't held to a version changes by itself: the code that worked in March fails in
        May, and nobody has touched it.

    How it is measured
        The manifests (environment.yml, conda.yml, requirements*.txt, pyproject.toml,
        Pipfile, setup.cfg, setup.py) and lock files are parsed, in the order of
        preference that the environment is built in. Against them stand the imports in
        the syntax trees of all Python files and of the notebooks' code cells. Python's
        own modules and the project's are left aside, and an import name becomes a
        package's by a table that ships with the grader (sklearn is scikit-learn), never
        by what is installed on the machine. An import behind `except ImportError` or
        `if TYPE_CHECKING` need not be declared. A file in a folder with a manifest of its
        own, a step or a frontend, may rely on that. A package counts as used as well
        where a command line starts it (Dockerfile, workflows, Makefile, MLproject, README
        …), where another used package loads it (openpyxl for pandas, httpx for FastAPI's
        test client), or where it is a tool, a plugin, a server or a kernel. With
        `resolve: environment`, `resolves` says whether everything that is declared could
        be installed, from the facts of the environment that the tests run in.

    What it does not see
        Packages that a Dockerfile, a script or a notebook installs by itself; imports
        whose name is put together while the program runs; whether a version is a good
        one. A package that is imported and only comes with another one is not declared.
        What stands in the list only because another package requires it, as `pip freeze`
        writes it, counts as not used.

    How to fix
        Declare what is imported, under its name on PyPI; remove what nothing uses; write
        versions, and commit a lock file.
    """

    id = "dependencies"
    source = "https://packaging.python.org/en/latest/tutorials/managing-dependencies/"
    mending = "findings"
    criteria = CRITERIA
    quantities = (
        *quantities_of(CRITERIA),
        Quantity("manifests", "files", "manifests of the project, lock files aside"),
        Quantity(
            "declared", "packages", "packages that these declare, for running and tests"
        ),
        Quantity("imported", "packages", "packages that the code imports"),
        Quantity(
            "undeclared",
            "packages",
            "packages that are imported and not declared",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "unused",
            "packages",
            "packages that are declared and not used",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "dev_only",
            "packages",
            "packages that the program imports and only the tests' or developers' list has",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "pinned_packages",
            "packages",
            "declared packages that are held to one version",
            better="higher",
            ideal="declared",
        ),
        Quantity(
            "pinned_share",
            "share",
            "pinned_packages of declared, 0..1; 0 where nothing is declared",
            better="higher",
            ideal=1,
            maximum=1,
        ),
        Quantity(
            "conflicts",
            "conflicts",
            "packages, or Python, asked for in versions that contradict each other",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "resolves",
            "yes or no",
            "everything that is declared could be installed; absent where the rubric's "
            "`resolve` is none, where the environment is not built from the manifests, and "
            "where it was us who could not get something",
            better="higher",
            ideal=1,
            maximum=1,
            optional=True,
        ),
        Quantity(
            "unresolved",
            "packages",
            "declared packages or versions that do not exist or do not fit each other; "
            "absent where `resolves` is",
            better="lower",
            ideal=0,
            optional=True,
        ),
    )

    def needs_project(self, options: DependenciesOptions) -> bool:
        """Whether everything resolves is known once it is installed."""
        return options.resolve == "environment"

    def measure(
        self, snapshot: Snapshot, options: DependenciesOptions, bench: Bench
    ) -> Result:
        """Hold the manifests against the imports; an empty repository declares nothing."""
        project = manifests_of(snapshot)
        compiled = compiled_requirements(project, snapshot)
        said = declarations_of(project, compiled)
        use = use_of(imports_of(snapshot), said, started_distributions(snapshot))
        locks = locks_of(project, compiled)
        pinned = pinned_names(project, locks, compiled) & said.counted.keys()
        conflicts = conflicts_of(project)
        installed = Resolved()
        if options.resolve == "environment":
            installed = resolved(bench.environment)
        answers = Checklist(CRITERIA)
        answer(answers, Facts(project, said, use, locks, pinned, conflicts, compiled))
        declared = len(said.counted)
        return Result(
            answers.measured(
                {
                    "manifests": sum(bool(one.declared) for one in project.counted),
                    "declared": declared,
                    "imported": len(use.imported),
                    "undeclared": len(use.undeclared),
                    "unused": len(use.unused),
                    "dev_only": len(use.misplaced),
                    "pinned_packages": len(pinned),
                    "pinned_share": len(pinned) / declared if declared else 0.0,
                    "conflicts": len(conflicts),
                    **installed.values,
                },
                (
                    *use_findings(use),
                    *conflicts,
                    *(one for one in project.findings if one not in conflicts),
                    *installed.findings,
                    *unparsable_findings(snapshot.unparsable("all")),
                ),
            ),
            population=_population(project, snapshot),
            settled=options.resolve == "none" or bool(installed.values),
        )


def _population(project: Project, snapshot: Snapshot) -> str:
    manifests = ", ".join(manifest.path for manifest in project.counted[:5])
    more = f" and {len(project.counted) - 5} more" if len(project.counted) > 5 else ""
    against = f"held against the imports of {snapshot.describe('all')}"
    return f"{manifests}{more}, {against}" if manifests else f"no manifest; {against}"
