"""Reports as literals: clean, messy, without any mark, full of hostile text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import fsum

from grader.model.analysis import Analysis, ClassReport, ToolCount
from grader.model.classroom import (
    ClassRecord,
    ClassResult,
    Group,
    GroupLine,
    Refused,
)
from grader.model.environment import EnvironmentFacts, Unresolved
from grader.model.evidence import Trouble
from grader.model.measurement import (
    YES_OR_NO,
    Answer,
    Failed,
    Finding,
    Measured,
    Measurement,
    NotApplicable,
    Sight,
    Tool,
)
from grader.model.place import BINS, Place
from grader.model.report import (
    CoursePoint,
    DeadlineFacts,
    Effort,
    Fix,
    LaterCommit,
    LeftOutFile,
    ManualCheck,
    QuantityLine,
    Report,
    ReportCheck,
    RepositoryFacts,
    RubricFacts,
    Section,
    SubmissionFacts,
)
from grader.model.score import (
    Compared,
    Decided,
    DimensionScore,
    Grade,
    ItemResult,
    ItemScore,
    Penalty,
    Provisional,
    Trace,
    Ungraded,
)
from grader.scoring.analysis import distribution, item_statistics
from grader.scoring.ranks import ranks
from grader.scoring.sensitivity import Weighting, reweighed, standings, variant

Builder = Callable[[], Report]

HOSTILE = (
    "<script>alert(1)</script>",
    '"><img src=x onerror=alert(1)>',
    "{{7*7}} {% raw %}",
    "```\n# heading\n```",
    "a`b``c",
    "@octocat see #1 and GH-2 and octo/repo#3",
    "![image](https://evil.example/x.png)",
    "www.evil.example and https://evil.example/ and :100:",
    "[link=https://evil.example]click[/link]",
    "[/x].py",
    "\x1b]8;;https://evil.example\x1b\\click\x1b]8;;\x1b\\",
    "\x1b]52;c;ZXZpbA==\x07",
    "\u202egpj.exe",
    "one\ntwo\ttab\rreturn\x00nul\x9bcsi",
    "<!-- comment --> </details></table></style></script>",
    "| a | b |",
    "$x^2$ *bold* _under_ ~~gone~~ <b>b</b> &amp; \\",
    "a" * 3_000,
)

SECTIONS = (
    Section(
        title="Why it matters",
        text="One way of writing ends discussions about it: a diff then shows what\n"
        "was changed and nothing else.",
    ),
    Section(
        title="How it is measured",
        text="The tool's own command line on every Python file, with default\n"
        "settings. A file that can't be parsed is not compliant.",
    ),
    Section(
        title="What it does not see",
        text="Notebooks, and code between `# fmt: off` and `# fmt: on`.",
    ),
    Section(title="How to fix", text="Run `black .` and commit the result."),
)


@dataclass(frozen=True)
class Item:
    """One check of a sample, short; without a `mark`, `failed` or `nothing` is why."""

    id: str
    title: str
    dimension: str
    mark: float | None
    formula: str = "10 * good / all"
    substituted: str = "10 × 18 / 21"
    value: float | None = None
    quantities: Sequence[tuple[str, float, str, str]] = ()
    used: Sequence[str] = ()
    findings: Sequence[Finding] = ()
    signals: Sequence[Finding] = ()
    answers: Sequence[Answer] = ()
    failed: str = ""
    nothing: str = ""
    alone: str | None = None
    note: str = ""
    weight: float = 1.0
    command: str | None = None
    fix_command: str | None = None
    advice: str = ""
    tools: Mapping[str, str] = field(default_factory=dict)
    population: str = "14 Python files: the whole repository"
    after: float | None = None


DIMENSIONS = {
    "code-quality": ("Code Quality & Efficiency", 3.0),
    "logging": ("Logging & Monitoring", 1.0),
    "documentation": ("Documentation & Clarity", 1.0),
    "testing": ("Testing & Coverage", 2.0),
    "modularization": ("Modularization & Code Quality", 1.0),
    "security": ("Security", 1.0),
    "configuration": ("Config Management & Artifacting", 1.5),
    "errors": ("Error Handling & Validation", 1.0),
}


def environment(texts: Sequence[str]) -> EnvironmentFacts:
    """An environment in which every text of a manifest's is one of `texts`."""
    return EnvironmentFacts(
        mode="built",
        python="/cache/bin/python",
        python_used="3.10.13",
        python_requested=texts[0],
        manifests=tuple(texts),
        declared=len(texts),
        pinned_share=0.5,
        resolved=False,
        unresolved=tuple(
            Unresolved(
                name="pandas",
                requirement=text,
                cause="unknown-version",
                reason=text,
                is_ours=False,
            )
            for text in texts
        ),
        added=("pytest 9.2.0",),
        installed=("numpy==2.4.6", "pyyaml==6.0.3"),
        notes=tuple(texts),
        findings=tuple(
            Finding(rule="manifest-refused", message=text, path=text, line=3)
            for text in texts
        ),
    )


def build(
    items: Sequence[Item],
    *,
    name: str = "flat-prices",
    source: str = "https://github.com/mlops-group-7/flat-prices",
    commit: str | None = "3f2a91c04d8e7b6a5f4e3d2c1b0a99887766554f",
    commit_author: str = "Ada Lovelace",
    uncommitted: bool = False,
    left_out: Sequence[tuple[str, str]] = (),
    notes: Sequence[str] = (),
    environment: EnvironmentFacts | None = None,
) -> Report:
    """A report of these items, with dimensions, total and fixes that belong to them."""
    inside = {
        key: sum(i.weight for i in items if i.dimension == key) for key in DIMENSIONS
    }
    whole = sum(weight for key, (_, weight) in DIMENSIONS.items() if inside[key])
    shares = {
        item.id: DIMENSIONS[item.dimension][1]
        / whole
        * item.weight
        / inside[item.dimension]
        for item in items
    }
    graded = [item for item in items if item.mark is not None]
    measured = min(1.0, round(sum(shares[item.id] for item in graded), 12))
    total = None
    if graded:
        total = min(
            10.0, sum(shares[i.id] * (i.mark or 0.0) for i in graded) / measured
        )
    checks = tuple(_check(item, shares[item.id]) for item in items)
    return Report(
        generator=Tool(name="mlops-grade", version="0.1.0"),
        graded_at="2026-11-21T14:05:09+00:00",
        python="CPython 3.11.9",
        platform="Linux-6.1.0-x86_64",
        isolation="none: plain process with limits",
        environment=environment,
        repository=RepositoryFacts(
            name=name,
            source=source,
            commit=commit,
            uncommitted=uncommitted,
            files=38,
            python_files=14,
            source_files=9,
            lines=1_187,
            left_out=tuple(LeftOutFile(path=p, reason=r) for p, r in left_out),
            notes=tuple(notes),
            commit_time="2026-11-20T22:41:07+00:00" if commit else None,
            commit_author=commit_author if commit else None,
            commits=42 if commit else None,
            authors=5 if commit else None,
        ),
        rubric=RubricFacts(
            name="MLOps first group assignment", version="2025.1", digest="c4e1" * 16
        ),
        grade=Grade(
            items=tuple(check.result for check in checks),
            dimensions=tuple(
                _dimension(key, [i for i in items if i.dimension == key])
                for key in DIMENSIONS
                if inside[key]
            ),
            total=total,
            measured_share=measured,
            provisional=_provisional(items),
        ),
        checks=checks,
        fixes=tuple(sorted(_fixes(graded, shares, measured), key=lambda f: -f.gain)),
    )


def _check(item: Item, share: float) -> ReportCheck:
    return ReportCheck(
        id=item.id,
        checker=item.id,
        title=item.title,
        dimension=item.dimension,
        weight_share=share,
        advice=item.advice,
        formula=item.formula,
        alone_formula=item.alone,
        result=_result(item),
        measurement=Measurement(
            checker=item.id,
            outcome=_outcome(item),
            tools=tuple(Tool(name=n, version=v) for n, v in item.tools.items()),
            command=item.command,
            fix_command=item.fix_command,
            population=item.population,
            duration_s=0.8412,
        ),
        quantities=tuple(
            QuantityLine(name=name, value=value, unit=unit, meaning=meaning)
            for name, value, unit, meaning in item.quantities
        ),
        sections=SECTIONS,
        source="https://black.readthedocs.io/",
    )


def _outcome(item: Item) -> Measured | NotApplicable | Failed:
    if item.failed:
        return Failed(reason=item.failed)
    if item.nothing:
        return NotApplicable(reason=item.nothing)
    values = {name: value for name, value, _, _ in item.quantities}
    return Measured(
        values=values,
        findings=tuple(item.findings),
        signals=tuple(item.signals),
        answers=tuple(item.answers),
    )


def _result(item: Item) -> ItemResult:
    if item.mark is None:
        cause = "failed" if item.failed else "not-applicable"
        return Ungraded.model_validate(
            {"item": item.id, "cause": cause, "reason": item.failed or item.nothing}
        )
    values = {name: value for name, value, _, _ in item.quantities}
    return ItemScore(
        item=item.id,
        mark=item.mark,
        trace=Trace(
            formula=item.alone or item.formula,
            substituted=item.substituted,
            value=item.mark if item.value is None else item.value,
            inputs={name: values[name] for name in item.used},
        ),
        is_alone=item.alone is not None,
        note=item.note,
    )


def _dimension(key: str, items: Sequence[Item]) -> DimensionScore:
    title, weight = DIMENSIONS[key]
    graded = [item for item in items if item.mark is not None]
    part = sum(item.weight for item in graded)
    return DimensionScore(
        id=key,
        title=title,
        weight=weight,
        mark=(
            sum(i.weight * (i.mark or 0.0) for i in graded) / part if graded else None
        ),
        measured_share=part / sum(item.weight for item in items),
    )


def _provisional(items: Sequence[Item]) -> tuple[Provisional, ...]:
    failed = tuple(item.id for item in items if item.failed and item.mark is None)
    alone = tuple(item.id for item in items if item.alone and item.mark is not None)
    found: list[Provisional] = []
    if failed:
        reason = f"Not graded: {', '.join(failed)}."
        found.append(Provisional(cause="ungraded", reason=reason, items=failed))
    if alone:
        reason = f"Marked without the class they are compared with: {', '.join(alone)}."
        found.append(Provisional(cause="no-class", reason=reason, items=alone))
    return tuple(found)


def _fixes(
    items: Sequence[Item], shares: Mapping[str, float], measured: float
) -> list[Fix]:
    found: list[Fix] = []
    for item in items:
        if item.mark is None or item.after is None:
            continue
        found.append(
            Fix(
                item=item.id,
                title=item.title,
                gain=shares[item.id] / measured * (item.after - item.mark),
                mark_now=item.mark,
                mark_after=item.after,
                advice=item.advice,
                command=item.fix_command,
            )
        )
    return found


FORMATTING = Item(
    id="formatting",
    title="Files formatted as black would",
    dimension="code-quality",
    mark=10 * 9 / 14,
    formula="10 * compliant_files / files",
    substituted="10 × 9 / 14",
    quantities=(
        ("files", 14, "files", "Python files that were checked"),
        ("compliant_files", 9, "files", "files that black would leave as they are"),
        ("files_to_change", 4, "files", "files that black would reformat"),
        ("unparsable", 1, "files", "files that black can't parse"),
    ),
    used=("compliant_files", "files"),
    findings=(
        Finding(
            rule="unparsable",
            message="This file can't be parsed: Missing parentheses in call to "
            "'print'. Did you mean print(...)?",
            path="notebooks/old/try_features.py",
            line=31,
            severity="error",
            fix="Mend the syntax error; until then no tool can read the file.",
        ),
        *(
            Finding(
                rule="would-reformat",
                message="black would reformat this file.",
                path=path,
                fix=f"black {path}",
            )
            for path in ("src/clean.py", "src/features.py", "src/main.py", "tests/a.py")
        ),
        Finding(
            rule="own-settings",
            message="The repository's own settings ([tool.black] in pyproject.toml) "
            "were not used: the rubric chooses how black is configured.",
            path="pyproject.toml",
            severity="info",
        ),
    ),
    command="black --check --verbose --no-cache --workers=1 --config /dev/null -- "
    + " ".join(f"src/module_{number}.py" for number in range(14)),
    fix_command="black .",
    advice="Run `black .` to auto-format the code.",
    tools={"black": "26.10.1"},
    after=10.0,
)

LINT = Item(
    id="lint",
    title="Violations of flake8's rules",
    dimension="code-quality",
    mark=10 - 100 * 83 / 1187,
    formula="relative(violations)",
    alone="10 - 100 * violations / lines",
    substituted="10 - 100 × 83 / 1187",
    quantities=(
        ("violations", 83, "violations", "what flake8 reports"),
        ("lines", 1187, "lines", "physical lines of the checked files"),
        ("violations_per_100_lines", 6.99242, "violations", "per hundred lines"),
    ),
    used=("violations", "lines"),
    findings=tuple(
        Finding(
            rule=rule,
            message=message,
            path=f"src/{('load', 'clean', 'features', 'knn')[number % 4]}.py",
            line=7 + number * 3,
        )
        for number in range(83)
        for rule, message in (
            [
                ("E501", "line too long (104 > 79 characters)"),
                ("W291", "trailing whitespace"),
                ("F401", "'pandas' imported but unused"),
                ("E302", "expected 2 blank lines, found 1"),
            ][(number * number + number // 5) % 4],
        )
    ),
    command="flake8 --isolated --extend-ignore=LOG,G -- "
    + " ".join(f"src/module_{number}.py" for number in range(14)),
    advice="Act on the console feedback; use auto-formatters for layout.",
    tools={"flake8": "7.5.0", "pycodestyle": "2.15.0", "pyflakes": "4.1.0"},
    after=10.0,
    weight=2,
)

COVERAGE = Item(
    id="coverage",
    title="Tests that pass, and the code that they reach",
    dimension="testing",
    mark=10 * (0.4 * 7 / 9 + 0.6 * 0.4127),
    formula="10 * (0.4 * pass_rate + 0.6 * coverage)",
    substituted="10 × (0.4 × 0.7778 + 0.6 × 0.4127)",
    quantities=(
        ("collected", 9, "tests", "tests that pytest collected"),
        ("passed", 7, "tests", "tests that passed"),
        ("failed", 2, "tests", "tests that failed"),
        ("pass_rate", 7 / 9, "share", "passed tests of the collected ones"),
        ("coverage", 0.4127, "share", "lines of the sources that the tests reach"),
        ("seconds", 12.8, "seconds", "how long the tests ran"),
    ),
    used=("pass_rate", "coverage"),
    findings=(
        Finding(
            rule="failed",
            message="tests/test_model.py::test_predict_shape failed: AssertionError: "
            "assert (12, 2) == (12,)",
            path="tests/test_model.py",
            line=44,
            severity="error",
        ),
        Finding(
            rule="uncovered",
            message="61 of 88 lines are reached by no test.",
            path="src/main.py",
            severity="warning",
        ),
    ),
    command="pytest --cov=src --cov-report=term-missing",
    advice="Mend the failing tests, then write tests for the lines that none reaches: "
    "`pytest --cov=src --cov-report=term-missing` names them.",
    tools={"pytest": "9.2.0", "coverage": "7.17.3", "pytest-cov": "7.1.0"},
    population="9 Python files below src/",
    after=10.0,
)

PYLINT = Item(
    id="pylint",
    title="Pylint's overall score",
    dimension="documentation",
    mark=None,
    formula="max(0, score)",
    failed="pylint: did not finish within 180 s. "
    "Raise limits.tool_seconds in the rubric.",
    advice="Act on the console feedback.",
)

LOGGING = Item(
    id="logging",
    title="Violations of the logging rules",
    dimension="logging",
    mark=10.0,
    formula="relative(violations)",
    alone="10 - violations",
    substituted="10 - 0",
    quantities=(
        ("violations", 0, "lines", "lines with a LOG or G violation"),
        ("calls", 23, "calls", "calls of a logger"),
    ),
    used=("violations",),
    command="flake8 --isolated --select=LOG,G -- src",
    tools={"flake8": "7.5.0", "flake8-logging": "1.8.0"},
)

DOCSTRINGS = Item(
    id="docstrings",
    title="Docstrings as PEP 257 wants them",
    dimension="documentation",
    mark=4.1999999,
    formula="relative(violations_per_file)",
    alone="10 - violations_per_file",
    substituted="10 - 5.8",
    quantities=(
        ("violations", 52, "violations", "what pydocstyle reports"),
        ("files", 9, "files", "files that were checked"),
        ("violations_per_file", 5.8, "violations", "violations for each file"),
    ),
    used=("violations_per_file",),
    findings=tuple(
        Finding(
            rule="D103",
            message=f"Missing docstring in public function `step_{number}`",
            path="src/features.py",
            line=10 * number + 3,
            fix="Say in one line what the function gives.",
        )
        for number in range(1, 53)
    ),
    command="pydocstyle src",
    advice="Add docstrings.",
    tools={"pydocstyle": "6.3.0"},
    population="9 Python files below src/",
    after=10.0,
)

COMPLEXITY = Item(
    id="complexity",
    title="Cyclomatic complexity",
    dimension="modularization",
    mark=9.9996,
    formula="clamp(12 - average, 0, 10)",
    substituted="clamp(12 - 2.0004, 0, 10)",
    quantities=(
        ("average", 2.0004, "", "radon's mean complexity of the blocks"),
        ("worst", 11, "", "the most complex block"),
    ),
    used=("average",),
    findings=(
        Finding(
            rule="C",
            message="function train_and_evaluate has a complexity of 11 (C)",
            path="src/main.py",
            line=58,
            fix="Move each step of the function into one of its own.",
        ),
    ),
    command="radon cc -s -a src",
    advice="Refactor complex functions.",
    tools={"radon": "6.0.1"},
    after=10.0,
)

SECRETS = Item(
    id="secrets",
    title="Secrets in the source",
    dimension="security",
    mark=0.0,
    formula="10 if secrets == 0 else 0",
    substituted="10 if 1 == 0 else 0",
    quantities=(("secrets", 1, "secrets", "strings that look like a secret"),),
    used=("secrets",),
    findings=(
        Finding(
            rule="AWS Access Key",
            message="This line holds what looks like an AWS access key.",
            path="config.yaml",
            line=14,
            severity="error",
            fix="Take the key out, revoke it, and read it from the environment.",
        ),
    ),
    command="detect-secrets scan --no-verify --exclude-files '\\.ipynb$'",
    advice="Remove secrets from the source; use environment variables or a "
    "`.env` file.",
    tools={"detect-secrets": "1.5.0"},
    population="36 tracked files",
    after=10.0,
)

FILES = Item(
    id="file-presence",
    title="The project's expected files",
    dimension="configuration",
    mark=10 * 6 / 7,
    formula="10 * found / expected",
    substituted="10 × 6 / 7",
    quantities=(
        ("found", 6, "files", "expected files that are there"),
        ("expected", 7, "files", "files that the rubric expects"),
    ),
    used=("found", "expected"),
    findings=(Finding(rule="missing", message="There is no logs/ folder."),),
    advice="Complete the project.",
    after=10.0,
)

PATHS = Item(
    id="config-paths",
    title="Paths that are hard-coded",
    dimension="configuration",
    mark=0.0,
    formula="10 - hard_coded_paths",
    substituted="10 - 14",
    value=-4.0,
    quantities=(
        ("hard_coded_paths", 14, "paths", "absolute paths in strings used as a path"),
    ),
    used=("hard_coded_paths",),
    findings=tuple(
        Finding(
            rule="absolute-path",
            message='"C:\\Users\\maria\\Documents\\IE\\mlops\\project\\data\\raw\\'
            f'flats_{number}.csv" is an absolute path.',
            path="src/load.py",
            line=12 + number,
            severity="warning",
            fix="Read it from config.yaml.",
        )
        for number in range(14)
    ),
    advice="Read paths from `config.yaml` or the environment.",
    after=10.0,
)

ERRORS = Item(
    id="error-handling",
    title="Error handling",
    dimension="errors",
    mark=10.0,
    formula="min(10, try_blocks)",
    substituted="min(10, 13)",
    quantities=(
        ("try_blocks", 13, "blocks", "try statements"),
        ("custom_exceptions", 2, "classes", "exception classes of the project's own"),
    ),
    used=("try_blocks",),
    advice="Handle errors where something can be done about them; define exceptions.",
)


def messy() -> Report:
    """A middling project: every kind of mark, one check that failed."""
    return build(
        [
            *(FORMATTING, LINT, LOGGING, PYLINT, COVERAGE, COMPLEXITY, SECRETS),
            *(DOCSTRINGS, FILES, PATHS, ERRORS),
        ],
        uncommitted=True,
        left_out=(
            (
                "venv/lib/python3.11/site-packages/pip/__init__.py",
                "in a virtual environment",
            ),
            ("data/raw/flats_2019_2024_all_districts.csv", "too large: over 1 MiB"),
        ),
        notes=("The repository has no src/ folder: its own modules were taken.",),
    )


WEB = "https://github.com/mlops-group-7/flat-prices"


def linked() -> Report:
    """A commit at a known host: lines of code, one file withheld, what each fix takes."""
    secret = Finding(
        rule="F401",
        message="'os' imported but unused",
        path="src/keys.py",
        line=1,
        is_withheld=True,
    )
    coded = tuple(
        finding.model_copy(
            update={"code": f"    frame = load(path_{number})  # {'x' * 80}"}
        )
        for number, finding in enumerate(LINT.findings)
    )
    whole = Finding(rule="no-readme", message="There is no README.")
    lint = replace(LINT, findings=(secret, whole, *coded))
    efforts = (
        Effort(kind="findings", places=83, files=4),
        Effort(kind="command", places=2, files=1),
        Effort(kind="work"),
    )
    report = build([FORMATTING, lint, COVERAGE, PATHS])
    fixes = tuple(
        fix.model_copy(update={"effort": effort})
        for fix, effort in zip(report.fixes, (*efforts, None), strict=False)
    )
    repository = report.repository.model_copy(update={"web": WEB})
    return report.model_copy(update={"fixes": fixes, "repository": repository})


def clean() -> Report:
    """Full marks, final, nothing to fix."""
    return build(
        [
            Item(
                id="formatting",
                title="Files formatted as black would",
                dimension="code-quality",
                mark=10.0,
                formula="10 * compliant_files / files",
                substituted="10 × 21 / 21",
                quantities=(
                    ("files", 21, "files", "Python files that were checked"),
                    ("compliant_files", 21, "files", "files that black would leave"),
                ),
                used=("compliant_files", "files"),
                command="black --check .",
                tools={"black": "26.10.1"},
            ),
            ERRORS,
        ]
    )


def empty() -> Report:
    """A repository without Python: nothing is graded, and one check failed."""
    nothing = "There are no Python files to measure."
    return build(
        [
            Item("formatting", "Formatting", "code-quality", None, nothing=nothing),
            Item("coverage", "Tests", "testing", None, nothing=nothing),
            PYLINT,
        ],
        name="empty",
        source="./empty",
        commit=None,
    )


def partly_empty() -> Report:
    """Graded over a part of the rubric and final: the rest has nothing to measure."""
    nothing = Item("coverage", "Tests", "testing", None, nothing="There is no Python.")
    return build([FILES, nothing])


def left_out() -> Report:
    """Formatting alone was asked for: lint was not even measured."""
    report = build([FORMATTING, LINT])
    reason = "Left out by --only."
    result = Ungraded(item="lint", cause="left-out", reason=reason)
    lint = report.check("lint").model_copy(
        update={"result": result, "measurement": None, "quantities": ()}
    )
    return report.model_copy(update={"checks": (report.checks[0], lint)})


def decided() -> Report:
    """Pylint failed and the rubric says that this is worth 0."""
    rule = "on_failure: zero"
    pylint = replace(
        PYLINT,
        mark=0.0,
        substituted=rule,
        note=f"The rubric says {rule}. {PYLINT.failed}",
    )
    return build([FORMATTING, pylint])


def with_findings(findings: Sequence[Finding]) -> Report:
    """One check with these findings."""
    return build([replace(ERRORS, findings=tuple(findings))])


SIGNALS = (
    Finding(
        rule="ends-the-process",
        message="`os._exit` ends the process at once: a test run that gets here "
        "reports nothing more.",
        path="tests/test_main.py",
        line=7,
        severity="info",
    ),
    Finding(
        rule="no-mutant-noticed",
        message="3 functions were emptied, and every test still passed.",
        severity="info",
    ),
)


def with_signals(signals: Sequence[Finding] = SIGNALS) -> Report:
    """A project's tests with something for a person to look at."""
    return build([FORMATTING, replace(COVERAGE, signals=tuple(signals))])


README = Item(
    id="readme",
    title="A README that a newcomer can work with",
    dimension="documentation",
    mark=20 / 3,
    formula="10 * (says_how_to_install + says_how_to_test + links_lead_somewhere) / 3",
    substituted="10 × (1 + 0 + 1) / 3",
    quantities=(
        ("says_how_to_install", 1, YES_OR_NO, "a section says how to install it"),
        ("says_how_to_test", 0, YES_OR_NO, "a section says how to run the tests"),
        ("links_lead_somewhere", 1, YES_OR_NO, "every relative link leads to a file"),
        ("is_finished", 0, YES_OR_NO, "no text of a template is left over"),
        ("words", 812, "words", "words of the README, code aside"),
    ),
    used=("says_how_to_install", "says_how_to_test", "links_lead_somewhere"),
    answers=(
        Answer(
            quantity="says_how_to_install",
            holds=True,
            told="2 sections say it.",
            sights=(
                Sight(path="README.md", line=12, what='"Installation"'),
                Sight(path="README.md", line=40, what='"Setup"'),
            ),
        ),
        Answer(
            quantity="says_how_to_test",
            holds=False,
            told="No heading of README.md with content below it names tests.",
        ),
        Answer(
            quantity="links_lead_somewhere",
            holds=True,
            told="All 12 relative links lead to a file.",
            sights=tuple(Sight(path="README.md", line=50 + n) for n in range(5)),
        ),
        Answer(
            quantity="is_finished",
            holds=False,
            told="Text of a template is left over.",
            sights=(Sight(path="README.md", line=3, what='"<your name>"'),),
        ),
    ),
    findings=(
        Finding(
            rule="says_how_to_test",
            message="No heading of README.md with content below it names tests.",
            fix="Add a section `Tests` with the command that runs them.",
        ),
        Finding(
            rule="is_finished",
            message="Text of a template is left over.",
            path="README.md",
            line=3,
            fix="Write what belongs there.",
        ),
        Finding(
            rule="long-line",
            message="This line has 4,120 characters.",
            path="README.md",
            line=77,
            severity="info",
        ),
    ),
    after=10.0,
)


def with_checklist(item: Item = README) -> Report:
    """A report with a check that answers a checklist, at a host whose pages are known."""
    report = build([FORMATTING, item])
    page = "https://github.com/mlops-group-7/flat-prices"
    repository = report.repository.model_copy(update={"web": page})
    return report.model_copy(update={"repository": repository})


def hostile() -> Report:
    """Every text that a repository could supply is one of the payloads."""
    findings = tuple(
        Finding(rule=text, message=text, path=text, line=3, fix=text, code=text)
        for text in HOSTILE
    )
    return build(
        [
            Item(
                id="formatting",
                title="Formatting",
                dimension="code-quality",
                mark=5.0,
                quantities=(("files", 21, "files", "files"),),
                findings=findings,
                signals=findings,
                command=HOSTILE[0] + HOSTILE[3] + HOSTILE[10],
                fix_command="black '" + HOSTILE[13] + "'",
                advice="Run `black`.",
                population=HOSTILE[9],
                after=10.0,
            ),
            Item(
                id="lint",
                title="Lint",
                dimension="code-quality",
                mark=None,
                failed=" ".join(HOSTILE),
            ),
        ],
        name=HOSTILE[0] + HOSTILE[5] + HOSTILE[12],
        source=HOSTILE[6] + HOSTILE[10],
        commit=HOSTILE[1],
        commit_author=" ".join(HOSTILE[:17]),
        left_out=tuple((text, text) for text in HOSTILE),
        notes=HOSTILE,
        environment=environment(HOSTILE),
    )


COMPARED = Compared(
    function="relative",
    quantity="violations",
    value=83,
    result=10 * (1 - 83 / 208),
    text="10 × (1 - 83 / 208)",
    groups=12,
)

STARTERS = (
    Finding(
        rule="W291",
        message="trailing whitespace in the starter's loader",
        path="src/starter.py",
        line=3,
        inherited=True,
    ),
    Finding(
        rule="E501",
        message="line too long in the starter's loader",
        path="src/starter.py",
        line=9,
        inherited=True,
    ),
)


def submission(texts: Sequence[str] = ()) -> SubmissionFacts:
    """A group with a longer deadline and commits after it; its texts are `texts`, if any."""
    texts = texts or ("Fix the paths",)
    return SubmissionFacts(
        group=texts[0] if len(texts) > 1 else "group 7",
        members=tuple(texts) if len(texts) > 1 else ("Ada Lovelace", "José Núñez"),
        deadline=DeadlineFacts(
            until="2025-05-29T23:59:59+02:00",
            claimed="2025-05-29T20:41:07+00:00",
            later=tuple(
                LaterCommit(
                    hash="9d8c7b6a5f" * 4,
                    author=text if len(texts) > 1 else "Ada Lovelace",
                    claimed="2025-05-30T08:02:00+00:00",
                    subject=text,
                )
                for text in texts
            ),
            later_count=len(texts) + 3,
            extension=" ".join(texts) if len(texts) > 1 else "was ill (Prof. Hopper)",
        ),
    )


def judged() -> Report:
    """A group of a class: compared, overridden, marked by hand, penalised, with a starter."""
    lint = replace(LINT, findings=(*LINT.findings[:4], *STARTERS), alone=None)
    return _judged(
        build([FORMATTING, lint, COVERAGE, PYLINT]),
        by="Prof. Hopper",
        reason="Counted two files twice",
        submission=submission(),
    )


def _judged(
    report: Report, *, by: str, reason: str, submission: SubmissionFacts
) -> Report:
    results: dict[str, ItemResult] = {one.item: one for one in report.grade.items}
    lint = results["lint"]
    if isinstance(lint, ItemScore):
        trace = lint.trace.model_copy(
            update={
                "formula": "relative(violations)",
                "substituted": "relative(83)",
                "value": COMPARED.result,
                "compared": (COMPARED,),
            }
        )
        results["lint"] = lint.model_copy(
            update={"mark": COMPARED.result, "trace": trace}
        )
    for item in ("formatting", "pylint"):
        automatic = results.get(item)
        if isinstance(automatic, ItemScore | Ungraded):
            results[item] = Decided(
                item=item, mark=8.0, reason=reason, by=by, automatic=automatic
            )
    manual = (
        ManualCheck(
            id="presentation",
            title="The presentation",
            dimension="documentation",
            weight_share=0.1,
            description="Clear, in time, questions answered.\n\nFive minutes.",
            result=Decided(item="presentation", mark=9.5, reason=reason, by=by),
        ),
        ManualCheck(
            id="readme-by-eye",
            title="The README, read by a person",
            dimension="documentation",
            weight_share=0.1,
            description="",
            result=Ungraded(
                item="readme-by-eye",
                cause="unmarked",
                reason="A person marks this, and has not yet.",
            ),
        ),
    )
    waiting = Provisional(
        cause="unmarked",
        reason="Still to be marked by a person: readme-by-eye.",
        items=("readme-by-eye",),
    )
    return report.model_copy(
        update={
            "checks": tuple(
                check.model_copy(update={"result": results[check.id]})
                for check in report.checks
            ),
            "manual": manual,
            "submission": submission,
            "places": _places(report, by),
            "course": _course(report),
            "repository": report.repository.model_copy(
                update={"commit_time": "2025-05-29T20:41:07+00:00"}
            ),
            # As scoring does: what a person decided has nothing to gain.
            "fixes": tuple(
                fix
                for fix in report.fixes
                if not isinstance(results[fix.item], Decided)
            ),
            "grade": report.grade.model_copy(
                update={
                    "items": (*results.values(), *(one.result for one in manual)),
                    "total": 7.1,
                    "automatic_total": 6.8,
                    "provisional": (waiting,),
                    "penalties": (
                        Penalty(points=0.5, reason="Late by 1 day begun", by=by),
                    ),
                }
            ),
        }
    )


def _places(report: Report, title: str) -> tuple[Place, ...]:
    """Its place by the total and by lint, in a class of eleven."""
    bins = tuple(2 if number in (8, 14) else number % 2 for number in range(BINS))
    return (
        Place(
            of="total",
            key="total",
            title="Total",
            mark=7.1,
            lower=3,
            equal=0,
            higher=7,
            bins=bins,
        ),
        Place(
            of="item",
            key="lint",
            title=title,
            mark=COMPARED.result,
            lower=1,
            equal=1,
            higher=8,
            bins=bins,
        ),
    )


def _course(report: Report) -> tuple[CoursePoint, ...]:
    """Three runs: one without a total, one under another rubric."""
    other = report.rubric.model_copy(update={"version": "2025.0", "digest": "e" * 64})
    return (
        CoursePoint(
            when="2025-05-09T18:00:00+00:00",
            commit="a" * 40,
            total=5.2,
            is_final=False,
            rubric=other,
            rank=9,
            ranked=11,
        ),
        CoursePoint(
            when="2025-05-16T18:00:00+00:00",
            commit=None,
            total=None,
            is_final=False,
            rubric=report.rubric,
        ),
        CoursePoint(
            when="2025-05-30T06:41:00+00:00",
            commit="c" * 40,
            total=7.1,
            is_final=False,
            rubric=report.rubric,
            rank=8,
            ranked=11,
        ),
    )


def hostile_judged() -> Report:
    """Every text of people, of git and of the class is a payload too."""
    everything = " ".join(HOSTILE[:17])
    return _judged(
        hostile(), by=everything, reason=everything, submission=submission(HOSTILE)
    )


# What every format is held to.
REPORTS: Sequence[Builder] = (
    messy,
    clean,
    empty,
    partly_empty,
    hostile,
    with_signals,
    left_out,
    decided,
    judged,
    hostile_judged,
    linked,
)


def group(name: str, folder: str, members: Sequence[str] = ()) -> Group:
    """A group whose repository is at an address of the same name."""
    return Group(
        name=name,
        folder=folder,
        source=f"https://github.com/mlops/{name}",
        members=tuple(members),
        row=2,
    )


def classroom(lines: Sequence[GroupLine] | None = None) -> ClassResult:
    """Four groups: a final total, an adjusted provisional one, no repository, not yet graded."""
    if lines is None:
        judged_one = judged().grade
        lines = (
            GroupLine(
                group=group("José's group", "jose-s-group", ("José Núñez", "Ada L.")),
                grade=judged_one,
                rank=2,
                commit="3f2a91c04d8e7b6a5f4e3d2c1b0a99887766554f",
                commit_time="2025-05-29T20:41:07+00:00",
                later_count=4,
                signals=3,
            ),
            GroupLine(
                group=group("best", "best"),
                grade=_final(judged_one),
                rank=1,
                commit="c" * 40,
                commit_time="2025-05-28T09:00:00+00:00",
            ),
            GroupLine(
                group=group("gone", "gone"),
                grade=None,
                trouble=Trouble(
                    group="gone",
                    cause="private-or-gone",
                    reason="github.com has no repository of that name to show.",
                    hint="Check the address.",
                ),
            ),
            GroupLine(group=group("later", "later"), grade=None),
        )
    report = judged()
    items = tuple(result.item for result in report.grade.items)
    titles = {check.id: check.title for check in report.checks}
    titles |= {criterion.id: criterion.title for criterion in report.manual}
    return ClassResult(
        record=ClassRecord(
            run="0f" * 16,
            generator=report.generator,
            started_at="2025-05-30T06:00:00+00:00",
            finished_at="2025-05-30T06:41:00+00:00",
            duration_s=2460.4,
            rubric=report.rubric,
            rubric_folder="/home/hopper/mlops",
            deadline="2025-05-29T23:59:59+02:00",
            timezone="Europe/Madrid",
            isolation="bubblewrap",
            groups=tuple(line.group for line in lines),
            refused=(
                Refused(row=9, text="group 9;;", reason="The row names no repository."),
            ),
            notes=("Read with ; between the columns.",),
        ),
        rubric=report.rubric,
        items=items,
        titles=titles,
        dimensions={check.id: check.dimension for check in report.checks}
        | {criterion.id: criterion.dimension for criterion in report.manual},
        lines=tuple(lines),
    )


def _final(grade: Grade) -> Grade:
    """The same items, all by the program, and nothing that could still change."""
    items = tuple(
        result.automatic if isinstance(result, Decided) else result
        for result in grade.items
    )
    return grade.model_copy(
        update={
            "items": tuple(one for one in items if one is not None),
            "total": 10.0,
            "automatic_total": 10.0,
            "measured_share": 1.0,
            "provisional": (),
            "penalties": (),
        }
    )


def hostile_class() -> ClassResult:
    """A class whose every text is a payload."""
    whole = classroom()
    grade = hostile_judged().grade
    lines = [
        GroupLine(
            group=group(text, f"group-{number}", HOSTILE),
            grade=grade if number % 2 else None,
            rank=1 if number % 2 else None,
            trouble=(
                None
                if number % 2
                else Trouble(group=text, cause=text, reason=text, hint=text)
            ),
            commit=text,
            commit_time=text,
        )
        for number, text in enumerate(HOSTILE)
    ]
    record = whole.record.model_copy(
        update={
            "groups": tuple(line.group for line in lines),
            "refused": tuple(Refused(row=1, text=t, reason=t) for t in HOSTILE),
            "notes": HOSTILE,
        }
    )
    return whole.model_copy(
        update={
            "record": record,
            "lines": tuple(lines),
            "items": tuple(result.item for result in grade.items),
        }
    )


def told(result: ClassResult | None = None) -> ClassReport:
    """A class with what it says of its rubric, and two ways to mark it otherwise."""
    result = result or classroom()
    report = judged()
    shares = {check.id: check.weight_share for check in report.checks}
    shares |= {criterion.id: criterion.weight_share for criterion in report.manual}
    grades = {line.group.name: line.grade for line in result.lines if line.grade}
    stands = standings(result)
    first = result.items[0] if result.items else ""
    doubled = {key: share * (2 if key == first else 1) for key, share in shares.items()}
    by_item = {key: shares.get(key, 0.1) for key in result.items}
    weighting = Weighting("double", f"{first} weighs double", first, by_item | doubled)
    lowered = {
        one.group: None if one.total is None else one.total / 2 for one in stands
    }
    return ClassReport(
        result=result,
        analysis=Analysis(
            totals=distribution(
                [g.total for g in grades.values() if g.total is not None]
            ),
            items=item_statistics(tuple(grades.values()), by_item),
            variants=(
                variant(
                    "method.rank",
                    "By rank in the class",
                    "normalisation",
                    stands,
                    lowered,
                    {one.group for one in stands if one.rank},
                ),
                reweighed(weighting, stands, grades, 0.5),
            ),
            tools=(ToolCount(tool=Tool(name="black", version="26.10.1"), groups=2),),
        ),
    )


def large_class(count: int) -> ClassResult:
    """So many groups, each with other marks."""
    base = classroom().lines[1].grade
    assert base is not None
    report, lines = judged(), []
    shares = {check.id: check.weight_share for check in report.checks}
    shares |= {criterion.id: criterion.weight_share for criterion in report.manual}
    for number in range(count):
        items = tuple(
            (
                item.model_copy(update={"mark": (number * 7 + place * 13) % 101 / 10.1})
                if isinstance(item, ItemScore)
                else item
            )
            for place, item in enumerate(base.items)
        )
        marks = {one.item: one.mark for one in items if not isinstance(one, Ungraded)}
        measured = fsum(shares[key] for key in marks)
        total = fsum(shares[key] * mark for key, mark in marks.items()) / measured
        grade = base.model_copy(
            update={"items": items, "total": total, "measured_share": measured}
        )
        name = f"team {number:03d}"
        lines.append(
            GroupLine(
                group=group(name, f"team-{number:03d}", (f"s{number}@example.org",)),
                grade=grade,
                commit="c" * 40,
            )
        )
    places = ranks({one.group.name: one.grade.total for one in lines if one.grade})
    return classroom(
        [one.model_copy(update={"rank": places[one.group.name]}) for one in lines]
    )
