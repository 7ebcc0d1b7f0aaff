"""Logging in the pipeline: told by what a logger really gets, in code that runs."""

import pytest

from grader.checkers._base import Bench
from grader.model.measurement import Measured
from tests.checkers.conftest import Measure, answer
from tests.conftest import MakeSnapshot

USE = (
    "import logging\nlogger = logging.getLogger(__name__)\n"
    "def work(a):\n    logger.info('%s', a)\n    return sorted(a)\n"
)


def measured(
    files: dict[str, str], make_snapshot: MakeSnapshot, bench: Bench
) -> Measured:
    """The facts of a repository."""
    return Measure("logging-setup", make_snapshot, bench)(files)


def run_with(body: str, **more: str) -> dict[str, str]:
    """A runner that calls a function with this body, and a module that logs."""
    lines = "".join(f"    {line}\n" for line in body.splitlines())
    head = "import logging, logging.config, logging.handlers, os, sys, yaml\n"
    return {
        "main.py": "from src.log import set_up\nfrom src.work import work\n"
        "set_up()\nwork([1])\n",
        "src/log.py": f"{head}def set_up(level='INFO', folder='logs'):\n{lines}",
        "src/work.py": USE,
        **{
            name.replace("__", "/").replace("_yml", ".yml"): one
            for name, one in more.items()
        },
    }


SETUP = (
    "configured",
    "console_handler",
    "file_handler",
    "levels_differ",
    "log_folder",
    "format",
    "rotation",
    "level_from_config",
)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("logging.getLogger('x')", set()),
        ("logging.basicConfig()", {"configured", "console_handler"}),
        (
            "logging.basicConfig(filename='a.log')",
            {"configured", "file_handler"},
        ),
        ("logging.getLogger().addHandler(logging.NullHandler())", set()),
        (
            "logging.basicConfig(handlers=[logging.FileHandler(os.path.join('logs', 'a.log')),"
            " logging.StreamHandler(sys.stdout)])",
            {"configured", "console_handler", "file_handler", "log_folder"},
        ),
        (
            "hs = []\nhs.append(logging.StreamHandler())\nlogging.basicConfig(handlers=hs)",
            {"configured", "console_handler"},
        ),
        (
            "for h in (logging.StreamHandler(), logging.FileHandler(f'{folder}/a.log')):\n"
            "    logging.getLogger().addHandler(h)",
            {"configured", "console_handler", "file_handler", "log_folder"},
        ),
        (
            "h = logging.StreamHandler()\nh.setLevel(20)\nlogging.root.addHandler(h)\n"
            "h = logging.FileHandler('a.log')\nh.setLevel('ERROR')\n"
            "logging.root.addHandler(h)",
            {"configured", "console_handler", "file_handler", "levels_differ"},
        ),
        # The logger itself lets nothing through below INFO: the file's DEBUG says nothing.
        (
            "logging.root.setLevel(logging.INFO)\n"
            "logging.root.addHandler(logging.StreamHandler())\n"
            "h = logging.FileHandler('a.log')\nh.setLevel(logging.DEBUG)\n"
            "logging.root.addHandler(h)",
            {"configured", "console_handler", "file_handler"},
        ),
        (
            "logging.basicConfig(level=os.environ.get('LEVEL', 'INFO'))",
            {"configured", "console_handler", "level_from_config"},
        ),
        ("logging.basicConfig(level=level)", {"configured", "console_handler"}),
        (
            "h = logging.StreamHandler()\nh.setLevel(os.getenv('LEVEL'))\n"
            "logging.root.addHandler(h)",
            {"configured", "console_handler", "level_from_config"},
        ),
        (
            "logging.basicConfig(level=getattr(logging, yaml.safe_load('a: b')['level']))",
            {"configured", "console_handler", "level_from_config"},
        ),
        (
            "LEVELS = {'a': logging.INFO}\nlogging.basicConfig(level=LEVELS['a'])",
            {"configured", "console_handler"},
        ),
        (
            "h = logging.handlers.TimedRotatingFileHandler(filename='logs/a.log')\n"
            "h.setFormatter(logging.Formatter('{asctime} {levelname}', style='{'))\n"
            "logging.getLogger('x').addHandler(h)",
            {"configured", "file_handler", "log_folder", "format", "rotation"},
        ),
        (
            "logging.config.dictConfig({'version': 1, 'handlers': {'a': {'class': "
            "'logging.StreamHandler', 'formatter': 'f'}, 'b': {'class': "
            "'logging.FileHandler', 'filename': 'a.log'}}, 'formatters': {'f': {'format': "
            "'%(asctime)s %(levelname)s'}}, 'root': {'handlers': ['a'], 'level': 'INFO'}})",
            {"configured", "console_handler", "format"},
        ),
        # Loguru's levels are its own: nothing of logging's stands before them.
        (
            "from loguru import logger as log\nlog.remove()\n"
            "log.add(sys.stdout, level='INFO')\n"
            "log.add('a.log', level='DEBUG')",
            {*SETUP} - {"level_from_config", "log_folder", "rotation"},
        ),
        # A console of one library and a file of the other say nothing of levels.
        (
            "from loguru import logger as log\nlog.info('x')\n"
            "h = logging.FileHandler('a.log')\nh.setLevel('ERROR')\n"
            "logging.root.addHandler(h)",
            {"configured", "console_handler", "file_handler", "format"},
        ),
        (
            "from loguru import logger as log\n"
            "log.add('logs/a.log', rotation='1 MB', level='DEBUG')",
            {*SETUP} - {"levels_differ", "level_from_config"},
        ),
        (
            "from loguru import logger\nlogger.remove(handler_id=0)\n"
            "logger.add(sink='logs/a.log', level=os.getenv('LEVEL'))",
            {"configured", "file_handler", "log_folder", "format", "level_from_config"},
        ),
        (
            "from loguru import logger\nlogger.remove()\nlogger.add(sys.stderr, format='x')",
            {"configured", "console_handler"},
        ),
    ],
)
def test_a_setup_is_told_by_the_handlers_that_a_logger_gets(
    body: str, expected: set[str], make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    values = measured(run_with(body), make_snapshot, bench).values
    assert {name for name in SETUP if values[name]} == expected


def test_a_declared_setup_is_read_from_its_file(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    body = (
        "with open('conf/logging.yml') as f:\n"
        "    logging.config.dictConfig(yaml.safe_load(f))"
    )
    declared = (
        "version: 1\nformatters: {f: {format: '%(asctime)s %(levelname)s'}}\nhandlers:\n"
        "  c: {class: logging.StreamHandler, level: INFO, formatter: f}\n"
        "  d: {class: logging.handlers.RotatingFileHandler, filename: logs/a.log}\n"
        "  e: {class: logging.FileHandler, filename: b.log}\n"
        "root: {level: DEBUG, handlers: [c, d]}\n"
    )
    files = run_with(body) | {"conf/logging.yml": declared, ".gitignore": "*.log\n"}
    outcome = measured(files, make_snapshot, bench)
    assert all(outcome.values[name] for name in (*SETUP, "logs_ignored"))
    assert answer(outcome, "file_handler").sights[0].path == "conf/logging.yml"
    assert "b.log" not in answer(outcome, "log_folder").told


def test_a_file_of_the_old_format_is_read(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = (
        "[handlers]\nkeys=f\n[handler_f]\nclass=handlers.RotatingFileHandler\n"
        "args=('logs/a.log',)\nformatter=x\n[formatter_x]\n"
        "format=%(asctime)s %(levelname)s\n[logger_root]\nhandlers=f\nlevel=INFO\n"
    )
    files = run_with("logging.config.fileConfig('logging.ini')")
    values = measured(files | {"logging.ini": text}, make_snapshot, bench).values
    assert values["file_handler"] and values["rotation"] and values["format"]
    assert not values["console_handler"]


def test_hydra_sets_logging_up_where_it_starts_the_code(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    main = (
        "import hydra\nfrom src.work import work\n"
        "@hydra.main(config_path='.', config_name='c')\ndef main(cfg):\n    work(cfg)\n"
        "if __name__ == '__main__':\n    main()\n"
    )
    files = {"main.py": main, "src/work.py": USE, ".gitignore": "outputs/\n"}
    values = measured(files, make_snapshot, bench).values
    assert [values[name] for name in SETUP] == [1, 1, 1, 0, 1, 1, 0, 0]
    assert values["logs_ignored"]


HYDRA = (
    "import hydra\nfrom src.work import work\n"
    "@hydra.main(config_path='conf', config_name='c')\ndef main(cfg):\n    work(cfg)\n"
    "if __name__ == '__main__':\n    main()\n"
)


@pytest.mark.parametrize(
    ("config", "place", "holds"),
    [
        ("a: 1\n", "outputs/…/…/main.log", 1),
        (
            "hydra: {run: {dir: 'outputs/${now:%H}'}, job: {name: fit}}\n",
            "outputs/…/fit.log",
            1,
        ),
        ("hydra:\n  job:\n    name: fit_${a}\n", "outputs/…/…/fit_….log", 1),
        ("hydra:\n  run:\n    dir: .\n", "main.log", 0),
        ("hydra:\n  run:\n    dir: ${oc.env:A,${a}}/x\n", "outputs/…/…/main.log", 1),
    ],
)
def test_the_configuration_says_where_hydras_log_goes(
    config: str, place: str, holds: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {"main.py": HYDRA, "src/work.py": USE, "conf/c.yaml": config}
    outcome = measured(files | {".gitignore": "outputs/\n"}, make_snapshot, bench)
    assert answer(outcome, "log_folder").told == f"It goes to {place}."
    assert outcome.values["log_folder"] == outcome.values["logs_ignored"] == holds


@pytest.mark.parametrize(
    ("more", "held"),
    [("", 0), ("logger.add('logs/a.log')", 1), ("std.warning('x')", 1)],
)
def test_what_goes_to_loguru_is_not_in_hydras_log(
    more: str, held: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    work = (
        "import logging\nfrom loguru import logger\nstd = logging.getLogger(__name__)\n"
        f"def work(a):\n    logger.info(a)\n    {more}\n    return sorted(a)\n"
    )
    files = {"main.py": HYDRA, "src/work.py": work, "conf/c.yaml": "a: 1\n"}
    outcome = measured(files, make_snapshot, bench)
    values = outcome.values
    assert (values["file_handler"], values["log_folder"]) == (held, held)
    assert values["configured"] and values["console_handler"] and values["format"]
    if not held:
        assert "to loguru" in answer(outcome, "file_handler").told


def test_up_to_five_modules_that_do_not_log_are_named(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    for count, end in ((2, "src/m0.py, src/m1.py."), (6, "src/m3.py, src/m4.py ….")):
        silent = {
            f"src/m{n}.py": f"def f{n}(a):\n    return sorted(a)\n"
            for n in range(count)
        }
        main = "".join(f"from src.m{n} import f{n}\nf{n}([1])\n" for n in range(count))
        outcome = measured({"main.py": main, **silent}, make_snapshot, bench)
        assert answer(outcome, "modules_log").told.endswith(end)


def test_a_place_is_followed_through_arguments_and_the_configuration(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = {
        "config.yaml": "paths: {log_file: logs/run.log, data: raw/x.csv}\n",
        "main.py": "import yaml\nfrom pathlib import Path\nfrom src.log import set_up\n"
        "def text_of(section, key):\n    value = section.get(key)\n    return value.strip()\n"
        "def main():\n    cfg = yaml.safe_load(open('config.yaml'))\n"
        "    data = Path(text_of(cfg['paths'], 'data'))\n"
        "    set_up(Path('.') / text_of(cfg['paths'], 'log_file'))\n"
        "if __name__ == '__main__':\n    main()\n",
        "src/log.py": "import logging\nfrom pathlib import Path\n"
        "def set_up(log_file):\n    log_file = Path(log_file)\n"
        "    logging.getLogger().addHandler(logging.FileHandler(str(log_file)))\n",
    }
    outcome = measured(files, make_snapshot, bench)
    assert answer(outcome, "log_folder").told == "It goes to logs/run.log."


@pytest.mark.parametrize(
    ("ignored", "more", "expected"),
    [
        ("logs/\n", {}, 1),
        ("*.log\n!logs/a.log\n", {}, 0),
        ("", {}, 0),
        ("", {"logs/.gitkeep": ""}, 1),
        ("", {"logs/.gitignore": "*\n!.gitignore\n"}, 1),
        ("logs/\n", {"logs/old.log": "a line\n"}, 0),
    ],
)
def test_log_files_stay_out_of_git(
    ignored: str,
    more: dict[str, str],
    expected: int,
    make_snapshot: MakeSnapshot,
    bench: Bench,
) -> None:
    files = run_with("logging.basicConfig(filename='logs/a.log')")
    files |= {".gitignore": ignored, **more}
    outcome = measured(files, make_snapshot, bench)
    assert outcome.values["logs_ignored"] == expected


@pytest.mark.parametrize(
    ("text", "named", "root"),
    [
        (USE, 1, 0),
        (
            "import logging as l\ndef work(a):\n    l.info(a)\n    return sorted(a)\n",
            0,
            1,
        ),
        (
            "from logging import getLogger\nlog = getLogger()\n"
            "def work(a):\n    log.info(a)\n    return sorted(a)\n",
            0,
            1,
        ),
        (
            "from structlog import get_logger\nevents = get_logger()\n"
            "def work(a):\n    events.info(a)\n    return sorted(a)\n",
            1,
            0,
        ),
        (
            "from src.log import logger_for\nmine = logger_for(__name__)\n"
            "def work(a):\n    mine.info(a)\n    return sorted(a)\n",
            1,
            0,
        ),
        # No logger, though its method is called like one of its methods.
        ("import numpy\ndef work(a):\n    numpy.log(a)\n    return sorted(a)\n", 0, 0),
    ],
)
def test_a_logger_is_known_by_what_it_is_made_by(
    text: str, named: int, root: int, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    files = run_with("logging.basicConfig()")
    files["src/log.py"] += "def logger_for(name):\n    return logging.getLogger(name)\n"
    outcome = measured(files | {"src/work.py": text}, make_snapshot, bench)
    assert (outcome.values["named_loggers"], outcome.values["root_calls"]) == (
        named,
        root,
    )


def test_prints_count_outside_tests_and_below_main_not(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = (
        "from pprint import pprint\n\ndef work(a):\n    print(a)\n    pprint(a)\n"
        "    text = 'print(a)'  # print(a)\n    return text\n"
        "if __name__ == '__main__':\n    print(work(1))\n"
    )
    files = {"src/work.py": text, "tests/test_work.py": "print(1)\n"}
    values = measured(files, make_snapshot, bench).values
    assert values["prints"] == 2
    assert values["prints_per_100_lines"] == pytest.approx(100 * 2 / 9)


def test_nothing_in_hostile_code_stops_the_reading(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    circle = "import logging\n" + "".join(
        f"def f{n}(a):\n    return f{(n + 1) % 50}(a)\n" for n in range(50)
    )
    circle += "a = b\nb = a\nlogging.basicConfig(filename=f0(a), level=f1(b))\n"
    deep = "+".join(["'x'"] * 600)
    long = f"logging.basicConfig(filename={deep}, level={deep}, format=[{deep}])\n"
    handlers = "logging.root.addHandler(" + "(" * 80 + "None" + ")" * 80 + ")\n"
    more = "x = x.setLevel(x)\nself.y.addHandler(*x)\nlogging.config.dictConfig(**x)\n"
    files = {"main.py": circle + long + handlers + more, "src/broken.py": "def f(:\n"}
    assert measured(files, make_snapshot, bench).values["configured"] == 1
