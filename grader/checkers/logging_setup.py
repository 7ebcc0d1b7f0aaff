"""Logging: how it is set up in code that runs, and who uses it."""

from itertools import product

from pydantic import Field

from grader.checkers._base import Bench, Checker, Options, Result, nothing_to_measure
from grader.checkers._checklist import Checklist, Criterion, quantities_of
from grader.checkers._logging_setup_handlers import setup_of
from grader.checkers._logging_setup_model import Handler, Setup
from grader.checkers._logging_setup_places import is_in_a_folder, is_kept_out, shown
from grader.checkers._logging_setup_use import Uses, prints_of, uses_of
from grader.codebase.entry import pipeline_of
from grader.model.measurement import Quantity, Sight
from grader.model.snapshot import Snapshot

CRITERIA = (
    Criterion(
        "configured",
        "code that the pipeline comes to sets logging up",
        "Set logging up once, in a function that the runner calls first.",
    ),
    Criterion(
        "console_handler",
        "messages go to the console",
        "Add a logging.StreamHandler.",
    ),
    Criterion(
        "file_handler",
        "messages go to a file",
        "Add a logging.FileHandler, or better a RotatingFileHandler.",
    ),
    Criterion(
        "levels_differ",
        "the file gets messages from another level on than the console",
        "Give the handlers levels: DEBUG for the file, INFO for the console.",
    ),
    Criterion(
        "log_folder",
        "the log file goes to a folder of its own",
        "Write the log file to logs/, and make the folder where it is missing.",
    ),
    Criterion(
        "logs_ignored",
        "git ignores the log files, or keeps nothing but a placeholder of their folder",
        "Name logs/ in .gitignore.",
    ),
    Criterion(
        "format",
        "the format has time and level",
        'Use a format such as "%(asctime)s %(levelname)s %(name)s: %(message)s".',
    ),
    Criterion(
        "rotation",
        "the log file is rotated",
        "Use logging.handlers.RotatingFileHandler or TimedRotatingFileHandler.",
    ),
    Criterion(
        "level_from_config",
        "the level comes from the configuration, an argument or the environment",
        "Read the level from config.yaml or os.getenv instead of writing logging.INFO.",
    ),
    Criterion(
        "named_loggers",
        "modules that log have a logger of their own name",
        "Write logger = logging.getLogger(__name__) at the top of each module.",
    ),
    Criterion(
        "modules_log",
        "most modules of the pipeline log",
        "Log the main steps in each module: what was read, kept, trained, written.",
    ),
    Criterion(
        "errors_logged",
        "an error that is caught is logged with its traceback",
        'Call logger.exception("…") in the handler, or give exc_info=True.',
    ),
    Criterion(
        "no_root_calls",
        "messages go to loggers, none to the module logging itself",
        "Replace logging.info(…) by logger.info(…) with a logger of the module.",
    ),
    Criterion(
        "no_prints",
        "source code logs instead of printing",
        "Replace print(…) by logger.info(…).",
    ),
)
_NAMED = 5


class LoggingSetupOptions(Options):
    """`modules`: the share that most modules are; `prints`: how many are let pass."""

    modules: float = Field(default=0.7, gt=0, le=1)
    prints: int = Field(default=0, ge=0)


class LoggingSetup(Checker[LoggingSetupOptions]):
    """Logging in the pipeline.

    Why it matters
        A pipeline that runs at night has nothing but its log to say what it did. `print`
        has no time, no level, no module, and is gone with the terminal.

    How it is measured
        In the code that the runner comes to by import and call: what sets logging up
        (`basicConfig`, `addHandler`, `dictConfig` and `fileConfig` with the mapping or file
        they are given, Hydra's own, loguru, structlog), and of the handlers that a logger
        really gets the kind, level, format and file. Values are followed through variables,
        arguments and the configuration's keys. A logger counts for the module that calls
        it, wherever it was made. What goes to loguru doesn't come to Hydra's own handlers.
        `print` counts in all source files outside tests, save below `__main__`.

    What it does not see
        Whether the messages say what matters. Handlers that a library of its own adds.
        Branches that are never taken. A level that a Python constant of another module
        says is no configuration.

    How to fix
        One function that sets up a console handler and a rotating file in logs/, called
        first by the runner; in each module `logger = logging.getLogger(__name__)`.
    """

    id = "logging-setup"
    source = "https://docs.python.org/3/howto/logging.html"
    criteria = CRITERIA
    mending = "findings"
    quantities = (
        *quantities_of(CRITERIA),
        Quantity(
            "module_share",
            "share",
            "modules of the pipeline that log, of those whose functions do something; "
            "0 without any",
            better="higher",
            maximum=1,
        ),
        Quantity(
            "function_share",
            "share",
            "functions of the pipeline that log, of those that do something; 0 without any",
            better="higher",
            maximum=1,
        ),
        Quantity(
            "root_calls",
            "places",
            "messages given to the module logging itself, in the pipeline",
            better="lower",
        ),
        Quantity("prints", "places", "print in source code", better="lower"),
        Quantity(
            "prints_per_100_lines",
            "prints per 100 lines",
            "print in source code, for each hundred of its lines",
            better="lower",
        ),
    )

    def measure(
        self, snapshot: Snapshot, options: LoggingSetupOptions, bench: Bench
    ) -> Result:
        """Read what sets logging up, and who logs."""
        if nothing := nothing_to_measure(snapshot, "source"):
            return Result(nothing)
        pipeline, checklist = pipeline_of(snapshot), Checklist(CRITERIA)
        setup = setup_of(snapshot, pipeline.reach)
        uses = uses_of(snapshot, {sight.path for sight in setup.calls})
        prints, lines = prints_of(snapshot)
        where = pipeline.entry.path or "no runner"
        _answer_setup(checklist, setup, where)
        _answer_file(checklist, setup, snapshot)
        _answer_use(checklist, uses, options)
        _answer_prints(checklist, uses, prints, options)
        values = {
            "module_share": _share(len(uses.logging), len(uses.modules)),
            "function_share": _share(uses.functions_logging, uses.functions),
            "root_calls": len(uses.root),
            "prints": len(prints),
            "prints_per_100_lines": 100 * len(prints) / lines if lines else 0.0,
        }
        return Result(
            checklist.measured(values),
            population=f"the {len(uses.modules)} modules that {where} comes to",
        )


def _share(part: int, whole: int) -> float:
    return part / whole if whole else 0.0


def _answer_setup(checklist: Checklist, setup: Setup, where: str) -> None:
    first = setup.calls[0] if setup.calls else None
    checklist.seen(
        "configured",
        setup.calls,
        yes=f"{first.what if first else ''} sets logging up.",
        no=f"Nothing that {where} comes to sets logging up.",
    )
    consoles, files = setup.of("console"), setup.of("file")
    checklist.seen(
        "console_handler",
        _sights(consoles),
        yes="A logger gets a handler for the console.",
        no="No logger gets a handler for the console in code that runs.",
    )
    checklist.seen(
        "file_handler",
        _sights(files),
        yes="A logger gets a handler for a file.",
        no=(
            "All messages go to loguru, and none to the file of Hydra's own logging."
            if setup.is_past_hydra
            else "No logger gets a handler for a file in code that runs."
        ),
    )
    _answer_levels(checklist, setup)
    told = [one for one in setup.handlers if one.tells_time_and_level]
    checklist.seen(
        "format",
        _sights(told),
        yes="Lines have time and level.",
        no="No handler has a format with time and level.",
    )
    checklist.seen(
        "level_from_config",
        setup.configured_levels,
        yes="The level is read from outside the code.",
        no="No level is read from a configuration, an argument or the environment.",
    )


def _answer_levels(checklist: Checklist, setup: Setup) -> None:
    both = [
        (console, file)
        for console, file in product(setup.of("console"), setup.of("file"))
        if console.is_loguru == file.is_loguru
    ]
    # Of several programs each sets up its own.
    together = [pair for pair in both if pair[0].sight.path == pair[1].sight.path]
    for console, file in together or both:
        if setup.passes(console) != setup.passes(file):
            told = f"The console has {console.level or 'none of its own'}, "
            told += f"the file {file.level or 'none of its own'}."
            checklist.yes("levels_differ", told, console.sight, file.sight)
            return
    told = "There is not both, a console and a file of one library."
    if both:
        told = "Console and file get messages from the same level on."
    checklist.no("levels_differ", told, *_sights(setup.handlers if both else []))


def _answer_file(checklist: Checklist, setup: Setup, snapshot: Snapshot) -> None:
    files = setup.of("file")
    known = [(one, one.place) for one in files if one.place is not None]
    in_folder = [one for one, place in known if is_in_a_folder(place, snapshot)]
    kept_out = [one for one, place in known if is_kept_out(place, snapshot)]
    places = ", ".join(dict.fromkeys(shown(place) for _, place in known))
    if not files:
        nowhere = "There is no log file."
    elif not known:
        nowhere = "Where the log file goes can't be told from the code."
    else:
        nowhere = ""
    checklist.answer(
        "log_folder",
        nowhere or f"It goes to {places}.",
        _sights(in_folder or files),
        holds=bool(in_folder),
    )
    is_out = bool(known) and len(kept_out) == len(known)
    outcome = "stay out of git" if is_out else "are not ignored by git"
    checklist.answer(
        "logs_ignored",
        nowhere or f"Files such as {places} {outcome}.",
        _sights(kept_out if is_out else files),
        holds=is_out,
    )
    checklist.seen(
        "rotation",
        _sights([one for one in files if one.rotates]),
        yes="The log file is rotated.",
        no="No handler rotates its file." if files else "There is no log file.",
    )


def _answer_use(checklist: Checklist, uses: Uses, options: LoggingSetupOptions) -> None:
    logging, named = uses.logging, uses.named
    least = options.modules
    counted = f"{len(logging)} of {len(uses.modules)} modules of the pipeline log."
    silent = [path for path, sight in uses.modules.items() if sight is None]
    logs_enough = bool(logging) and len(logging) >= least * len(uses.modules)
    told = counted
    if silent and not logs_enough:
        beyond = " …" if len(silent) > _NAMED else ""
        told = f"{counted} Silent: {', '.join(silent[:_NAMED])}{beyond}."
    sights = logging.values() if logs_enough else [Sight(path=one) for one in silent]
    checklist.answer("modules_log", told, sights, holds=logs_enough)
    is_named = bool(logging) and len(named) >= least * len(logging)
    unnamed = [sight for path, sight in logging.items() if path not in named]
    checklist.answer(
        "named_loggers",
        (
            f"{len(named)} of {len(logging)} modules that log have their own logger."
            if logging
            else "Nothing in the pipeline logs."
        ),
        named.values() if is_named else unnamed,
        holds=is_named,
    )
    handled = f"None of {len(uses.handlers)} handlers of errors logs the traceback."
    checklist.seen(
        "errors_logged",
        uses.traced,
        yes="Errors are logged with their traceback.",
        no=handled if uses.handlers else "The pipeline has no handler of errors.",
    )
    if uses.root:
        told = f"{len(uses.root)} messages go to the module logging itself."
        checklist.no("no_root_calls", told, *uses.root)
    elif logging:
        told = "All messages go to loggers."
        checklist.yes("no_root_calls", told, *logging.values())
    else:
        checklist.no("no_root_calls", "Nothing in the pipeline logs.")


def _answer_prints(
    checklist: Checklist,
    uses: Uses,
    prints: list[Sight],
    options: LoggingSetupOptions,
) -> None:
    if len(prints) > options.prints:
        times = "once" if len(prints) == 1 else f"{len(prints)} times"
        checklist.no("no_prints", f"Source code prints {times}.", *prints)
    elif uses.logging:
        told = (
            "Nothing is printed." if not prints else f"It prints {len(prints)} times."
        )
        checklist.yes("no_prints", told, *uses.logging.values())
    else:
        checklist.no("no_prints", "Nothing is printed, and nothing logs either.")


def _sights(handlers: list[Handler]) -> list[Sight]:
    return list(
        {(one.sight.path, one.sight.line): one.sight for one in handlers}.values()
    )
