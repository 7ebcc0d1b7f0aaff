"""Configuration: a file that code which runs reads, and what is written in code instead."""

from collections.abc import Iterator

from pydantic import Field

from grader.checkers import _configuration_reading as reading
from grader.checkers._base import Bench, Checker, Options, Result, nothing_to_measure
from grader.checkers._checklist import Checklist, Criterion, quantities_of
from grader.checkers._configuration_environment import (
    environment_reads,
    is_env,
    is_example,
)
from grader.checkers._configuration_keys import Keys, keys_of
from grader.checkers._configuration_literals import Literals, literals_of
from grader.codebase.documents import Document, documents_of, text_of
from grader.codebase.ignores import ignores_of
from grader.codebase.settings import Leaf, settings_of
from grader.model.measurement import Finding, Quantity, Sight
from grader.model.snapshot import Snapshot

CRITERIA = (
    Criterion(
        "config_file",
        "there is a configuration file",
        "Keep paths, parameters and switches in config.yaml.",
    ),
    Criterion(
        "valid",
        "each configuration file can be read and says something",
        "Mend the file, or remove the empty one.",
    ),
    Criterion(
        "read",
        "code that runs reads a configuration file that exists",
        "Read it in the runner: yaml.safe_load, OmegaConf.load or @hydra.main.",
    ),
    Criterion(
        "safe_load",
        "YAML is read by a loader that builds plain values only",
        "Use yaml.safe_load, or give yaml.load the SafeLoader.",
    ),
    Criterion(
        "keys_used",
        "code that runs uses most keys of the files that it reads",
        "Use the keys in the code instead of constants, or remove what nothing reads.",
    ),
    Criterion(
        "hydra",
        "Hydra starts the code, with a file that exists",
        'Write @hydra.main(config_path="conf", config_name="config") above main().',
    ),
    Criterion(
        "hydra_groups",
        "the configuration is made of groups, by a defaults list whose files exist",
        "Divide it into conf/config.yaml and conf/GROUP/OPTION.yaml, and list the groups "
        "under defaults.",
    ),
    Criterion(
        "no_hardcoded",
        "hyperparameters come from the configuration, none is written where models are made",
        "Move the number to the configuration and hand it to the call.",
    ),
    Criterion(
        "environment_read",
        "secrets and settings of the place are read from the environment",
        'Read them by os.getenv("NAME"), after load_dotenv() for a local .env.',
    ),
    Criterion(
        "env_ignored",
        "git ignores .env, and none is tracked",
        "Name .env in .gitignore; take a tracked one out: git rm --cached .env",
    ),
    Criterion(
        "env_example",
        "an example says which variables to set",
        "Add .env.example with the names of the variables, without their values.",
    ),
)
_MAX_ENV_BYTES = 64 * 1024


class ConfigurationOptions(Options):
    """`keys`: the share that most keys are; `hardcoded`: the hyperparameters let pass."""

    keys: float = Field(default=0.6, gt=0, le=1)
    hardcoded: int = Field(default=0, ge=0)


class Configuration(Checker[ConfigurationOptions]):
    """Configuration instead of constants.

    Why it matters
        What can be changed without editing code can be compared, scheduled and deployed.
        A file that nothing reads, or a number that is written in the code as well, says
        one thing while the program does another.

    How it is measured
        Configuration files are known by name (`config.yaml`, `params.yaml`, …) or folder
        (`conf/`, `configs/`). In the code that the runner or a web application comes to,
        every call that reads one is followed to the file that it names, through variables,
        arguments and joined paths. A key counts as used where that code names it, as a
        text or an attribute, together with its section, or uses the mapping that it is in
        as a whole: the lenient reading. Hyperparameters are numbers, and texts such as a
        solver or kernel, that are given to estimators, splits, optimizers and their fit,
        by what the libraries are called; a name that stands for a literal in the same file
        counts as one. `.env` is held against .gitignore by its own rules.

    What it does not see
        Whether a key that is named reaches what it is meant for. Defaults of functions,
        search spaces, and constants that another module of the project keeps. Keys put
        together at run time. A framework such as Kedro that reads its own conf/.

    How to fix
        One config.yaml that the runner reads by yaml.safe_load or Hydra and hands on;
        secrets in .env, which git ignores, with a .env.example beside it.
    """

    id = "configuration"
    source = "https://12factor.net/config"
    criteria = CRITERIA
    mending = "findings"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity(
            "keys", "keys", "keys of the configuration files that running code reads"
        ),
        Quantity(
            "key_share",
            "share",
            "of these keys the share that running code uses; 0 without any",
            better="higher",
            ideal=1,
            maximum=1,
        ),
        Quantity(
            "unsafe_loads",
            "places",
            "YAML loads that can build any object",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "hardcoded",
            "places",
            "hyperparameters written in the code, tests aside",
            better="lower",
            ideal=0,
        ),
        Quantity(
            "environment_reads",
            "places",
            "places of running code that read the environment",
        ),
    )

    def measure(
        self, snapshot: Snapshot, options: ConfigurationOptions, bench: Bench
    ) -> Result:
        """Find the files, what reads them, and what is written in the code instead."""
        if nothing := nothing_to_measure(snapshot, "source"):
            return Result(nothing)
        checklist, reach = Checklist(CRITERIA), reading.running(snapshot)
        read = reading.read_by(snapshot, reach)
        documents = {path: documents_of(snapshot).get(path) for path in read.files}
        documents |= settings_of(snapshot).files
        keys = keys_of(snapshot, read.files, reach)
        unsafe, literals = reading.unsafe_loads(snapshot), literals_of(snapshot)
        _answer_files(checklist, documents)
        _answer_read(checklist, read, unsafe, documents)
        _answer_keys(checklist, keys, documents, options)
        _answer_hydra(checklist, read, snapshot)
        _answer_literals(checklist, literals, options)
        environment = list(environment_reads(snapshot, reach))
        _answer_environment(checklist, snapshot, environment)
        values = {
            "keys": len(keys.used) + len(keys.unused),
            "key_share": keys.share,
            "unsafe_loads": len(unsafe),
            "hardcoded": len(literals.places),
            "environment_reads": len(environment),
        }
        return Result(
            checklist.measured(values, tuple(_findings(keys, literals, documents))),
            population=", ".join(documents) or "no configuration file",
        )


def _answer_files(checklist: Checklist, documents: dict[str, Document]) -> None:
    sights = [Sight(path=path) for path in documents]
    checklist.seen(
        "config_file",
        sights,
        yes=f"There are {len(sights)}." if len(sights) > 1 else "There is one.",
        no="No config.yaml, params.yaml or the like, and nothing in conf/ or config/.",
    )
    bad = [one for one in documents.values() if one.problem or not _says(one)]
    if not documents:
        checklist.no("valid", "There is no configuration file.")
    elif bad:
        first = bad[0]
        problem = (first.problem or "").rstrip(".")
        told = f"{first.path} can't be read: {problem}." if problem else ""
        told = told or f"{first.path} has no keys."
        places = (Sight(path=one.path, line=one.line) for one in bad)
        checklist.no("valid", told, *places)
    else:
        checklist.yes("valid", "Each can be read and has keys.", *sights)


def _says(document: Document) -> bool:
    return bool(document.value) and isinstance(document.value, dict | list)


def _answer_read(
    checklist: Checklist,
    read: reading.Read,
    unsafe: list[Sight],
    documents: dict[str, Document],
) -> None:
    names = ", ".join(read.files)
    told = "No code that runs reads a configuration file."
    if read.lost:
        told = f"What is read isn't there: {read.lost[0].what}."
    elif documents:
        told = f"{next(iter(documents))} is there, and no code that runs reads it."
    sights = [places[0] for places in read.files.values()]
    checklist.answer(
        "read",
        f"It reads {names}." if sights else told,
        sights or read.lost,
        holds=bool(sights),
    )
    if unsafe:
        told = f"{unsafe[0].what} is given no safe loader."
        checklist.no("safe_load", told, *unsafe)
    elif sights:
        checklist.yes("safe_load", "No load can build an object.", *sights)
    else:
        checklist.no("safe_load", "No code that runs reads a configuration file.")


def _answer_keys(
    checklist: Checklist,
    keys: Keys,
    documents: dict[str, Document],
    options: ConfigurationOptions,
) -> None:
    count = len(keys.used) + len(keys.unused)
    is_used = count > 0 and keys.share >= options.keys
    told = f"{len(keys.used)} of {count} keys are used."
    if not count:
        told = "No configuration that has keys is read."
    shown = keys.used if is_used else keys.unused
    checklist.answer(
        "keys_used",
        told,
        (_key(leaf, documents) for leaf in shown),
        holds=is_used,
    )


def _key(leaf: Leaf, documents: dict[str, Document]) -> Sight:
    line = documents[leaf.path].line_of(*leaf.keys)
    return Sight(path=leaf.path, line=line, what=".".join(leaf.keys)[:80])


def _answer_hydra(checklist: Checklist, read: reading.Read, snapshot: Snapshot) -> None:
    sights = [places[0] for places in read.hydra.values()]
    checklist.seen(
        "hydra",
        sights,
        yes=f"Hydra reads {', '.join(read.hydra)}.",
        no="No code that runs is started by Hydra with a file that exists.",
    )
    listed = [
        (path, one)
        for path in read.hydra
        for one in reading.groups_of(documents_of(snapshot).get(path))
    ]
    lost = [one for _, one in listed if one.path not in snapshot.files]
    groups = [one for _, one in listed if one.group not in ("", ".")]
    if lost:
        told = f"The defaults list names {lost[0].path}, which isn't there."
        checklist.no("hydra_groups", told, *(Sight(path=path) for path, _ in listed))
    elif groups:
        places = (Sight(path=one.path, what=one.group) for one in groups)
        checklist.yes("hydra_groups", "All files of the defaults list exist.", *places)
    else:
        told = "The files that Hydra reads have no defaults list with groups."
        if not sights:
            told = "Hydra reads nothing here."
        checklist.no("hydra_groups", told, *(Sight(path=path) for path in read.hydra))


def _answer_literals(
    checklist: Checklist, literals: Literals, options: ConfigurationOptions
) -> None:
    places = literals.places
    if len(places) > options.hardcoded:
        told = f"{len(places)} hyperparameters are written in the code."
        if len(places) == 1:
            told = f"A hyperparameter is written in the code: {places[0].what}."
        checklist.no("no_hardcoded", told, *places)
    elif literals.calls:
        told = "The calls that make models and splits take theirs from elsewhere."
        checklist.yes("no_hardcoded", told, *literals.calls)
    else:
        told = "No call of a known library makes a model or a split."
        checklist.no("no_hardcoded", told)


def _answer_environment(
    checklist: Checklist, snapshot: Snapshot, environment: list[Sight]
) -> None:
    checklist.seen(
        "environment_read",
        environment,
        yes=f"{environment[0].what if environment else ''} reads it.",
        no="No code that runs reads the environment: os.environ, getenv, dotenv, pydantic.",
    )
    ignores = ignores_of(snapshot)
    tracked = [path for path in snapshot.files if is_env(path)]
    why = ignores.why(".env")
    if tracked:
        told = f"{tracked[0]} is in git."
        checklist.no("env_ignored", told, *(Sight(path=path) for path in tracked))
    elif why is None:
        where = "no .gitignore" if not ignores.files else "no line of .gitignore"
        checklist.no("env_ignored", f"There is {where} that keeps .env out of git.")
    else:
        checklist.yes("env_ignored", "A line of .gitignore keeps .env out of git.", why)
    examples = [
        path
        for path in snapshot.files
        if is_example(path) and (text_of(snapshot, path, _MAX_ENV_BYTES) or "").strip()
    ]
    told = "There is no .env.example, .env.template or .env.sample that says anything."
    if not environment:
        told = f"{told} No code that runs reads the environment either."
    checklist.seen(
        "env_example",
        [Sight(path=path) for path in examples],
        yes="An example is there.",
        no=told,
    )


def _findings(
    keys: Keys, literals: Literals, documents: dict[str, Document]
) -> Iterator[Finding]:
    """Each place after the first, which the checklist's own finding names."""
    for sight in literals.places[1:]:
        yield Finding(
            rule="hardcoded",
            message=f"A hyperparameter is written in the code: {sight.what}.",
            path=sight.path,
            line=sight.line,
            fix="Move it to the configuration and hand it to the call.",
        )
    for leaf in keys.unused:
        sight = _key(leaf, documents)
        yield Finding(
            rule="unused-key",
            message=f"No code that runs uses {sight.what}.",
            path=leaf.path,
            line=sight.line,
            fix="Use it in the code, or remove it.",
        )
