"""The checker of the README: what its sections, commands, links and leftovers are."""

from collections.abc import Mapping

import pytest

from grader.checkers._base import Bench
from grader.checkers._readme_commands import named_things, shown_commands
from grader.checkers._readme_criteria import CRITERIA
from grader.checkers._readme_look import ReadmeOptions
from grader.checkers._readme_words import SECTIONS, SENTENCES, names, placeholders
from grader.checkers.readme import Readme
from grader.codebase.markdown import read_markdown
from grader.model.measurement import Measured
from grader.model.snapshot import Snapshot
from tests.conftest import MakeSnapshot

FILES = {
    "environment.yml": "name: flats\n",
    "requirements.txt": "",
    "pyproject.toml": "",
    "Makefile": ".PHONY: test\ntest lint: a\n\tpytest\nVAR := x\n",
    "main.py": "",
    "src/__init__.py": "",
    "src/train.py": "",
    "src/model/run.py": "",
    "src/model/MLproject": "",
    "src/tool/__main__.py": "",
    "app/main.py": "",
    "scripts/run.sh": "",
    "notebooks/eda.ipynb": "",
    ".env.example": "",
}


def measured(
    snapshot: Snapshot, bench: Bench, options: ReadmeOptions | None = None
) -> Measured:
    outcome = Readme().measure(snapshot, options or ReadmeOptions(), bench).outcome
    assert isinstance(outcome, Measured)
    return outcome


def named(commands: str, snapshot: Snapshot, language: str = "bash") -> dict[str, bool]:
    readme = read_markdown(f"# A\n\n```{language}\n{commands}\n```\n")
    return {
        one.what: one.is_there for one in named_things(shown_commands(readme), snapshot)
    }


@pytest.mark.sandbox
@pytest.mark.parametrize(
    ("command", "found"),
    [
        ("python main.py --fast", {"main.py": True}),
        ("$ python ./src/train.py", {"./src/train.py": True}),
        ("python .\\src\\train.py", {"./src/train.py": True}),
        ("python train.py", {"train.py": False}),
        ("python -m src.train", {"python -m src.train": True}),
        ("python -m src.main", {"python -m src.main": False}),
        ("python -m src.tool", {"python -m src.tool": True}),
        ("python -m venv .venv", {}),
        ("python -m pip install -r requirements.txt", {"requirements.txt": True}),
        ("pip install -r requirements-dev.txt", {"requirements-dev.txt": False}),
        ("pip install -e .", {}),
        ("uvicorn app.main:app --reload", {"uvicorn app.main:app": True}),
        ("uvicorn main_api:app", {"uvicorn main_api:app": False}),
        ("make test", {"make test": True}),
        ("make lint", {"make lint": True}),
        ("make VAR", {"make VAR": False}),
        ("conda env create -f environment.yml", {"environment.yml": True}),
        ("conda env create --file=env.yml", {"env.yml": False}),
        ("conda activate flats", {"conda activate flats": True}),
        ("conda activate prices", {"conda activate prices": False}),
        (
            "conda create -n mine python\nconda activate mine",
            {"conda activate mine": True},
        ),
        ("conda activate <name>", {}),
        ("source .venv/bin/activate", {}),
        ("docker build -t flats .", {"Dockerfile": False}),
        ("docker run -p 8000:8000 flats", {}),
        ("mlflow run src/model -P a=1", {"src/model/MLproject": True}),
        ("mlflow run .", {"MLproject": False}),
        ("jupyter lab notebooks/eda.ipynb", {"notebooks/eda.ipynb": True}),
        ("cp .env.example .env", {".env.example": True}),
        ("cp .env.sample .env", {".env.sample": False}),
        ("bash scripts/run.sh", {"scripts/run.sh": True}),
        ("pytest tests/test_a.py::test_b", {"tests/test_a.py": False}),
        ("python $SCRIPT && python <file>.py && python script.py", {}),
        ("python /opt/other/run.py", {}),
        ("cd src && python train.py", {"train.py": True}),
        (
            "cd src\npython train.py\ncd ..\npython main.py",
            {"train.py": True, "main.py": True},
        ),
        (
            "git clone https://a.example/x/flats.git\ncd flats\npython main.py",
            {"main.py": True},
        ),
        ("cd elsewhere\npython a.py", {}),
        ("python \\\n  main.py", {"main.py": True}),
        ("don't", {}),
    ],
)
def test_what_a_command_names_is_looked_up(
    command: str, found: Mapping[str, bool], make_snapshot: MakeSnapshot
) -> None:
    assert named(command, make_snapshot(FILES)) == found


def test_only_lines_with_a_prompt_are_commands_where_there_are_any(
    make_snapshot: MakeSnapshot,
) -> None:
    text = "$ python main.py\npython other.py is what it prints\n(flats) $ make test"
    assert named(text, make_snapshot(FILES)) == {"main.py": True, "make test": True}


def test_a_command_in_a_sentence_may_be_meant_for_another_folder(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot({"rest/app.py": "", "main.py": ""})
    readme = read_markdown("Change to `rest` and run `uvicorn app:app --reload`.")
    (found,) = named_things(shown_commands(readme), snapshot)
    assert found.is_there
    assert named("uvicorn app:app", snapshot) == {"uvicorn app:app": False}


def test_what_a_test_prints_is_no_command(make_snapshot: MakeSnapshot) -> None:
    text = "pytest\ntest_model.py ....   [100%]\n"
    assert named(text, make_snapshot({"main.py": ""})) == {}


def test_an_environment_that_no_file_names_was_made_elsewhere(
    make_snapshot: MakeSnapshot,
) -> None:
    assert named("conda activate flats", make_snapshot({"main.py": ""})) == {}


def test_other_languages_are_no_shell(make_snapshot: MakeSnapshot) -> None:
    for language in ("python", "yaml", "json", "mermaid"):
        assert named("python nowhere.py", make_snapshot(FILES), language) == {}
    assert named("python nowhere.py", make_snapshot(FILES), "") == {"nowhere.py": False}


def test_a_code_span_is_a_command_where_it_starts_something_by_name(
    make_snapshot: MakeSnapshot,
) -> None:
    readme = read_markdown("Run `python nowhere.py`, see `src/nowhere.py` and `x.py`.")
    (found,) = named_things(shown_commands(readme), make_snapshot(FILES))
    assert (found.what, found.is_there, found.line) == ("nowhere.py", False, 1)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("TODO: write this", "TODO"),
        ("# Title TBD", "TBD"),
        ("Lorem ipsum dolor sit amet", "Lorem ipsum"),
        ("By <your name>", "<your name>"),
        ("By [your name]", "[your name]"),
        ("Write to [maintainer email].", "[maintainer email]"),
        ("A short description of the project.", "a short description of the project"),
        (
            "[repo](https://github.com/your-username/x)",
            "your-username",
        ),
        (
            "```sh\ngit clone https://github.com/<user>/x\n```",
            "<user>",
        ),
        ("Por todo lo anterior, todo list, #TODO-1", None),
        ("See `TODO` and [your model](a.md), [x] done, [1].", None),
        ("```sh\nexport KEY=<your key>\n```", None),
        ("<!-- TODO -->", None),
        ("Insert your key into .env: main.py --config <file>, out_[date].csv", None),
        ("<details><summary>More</summary>text</details>", None),
    ],
)
def test_what_a_template_left_is_seen_in_text_and_not_in_code(
    text: str, found: str | None
) -> None:
    left = [one.text for one in placeholders(read_markdown(text), SENTENCES)]
    assert left == ([found] if found else [])


@pytest.mark.parametrize(
    ("heading", "part", "is_named"),
    [
        ("🚀 Installation & Setup", "install", True),
        ("1. Set-up", "install", True),
        ("Uninstalled", "install", False),
        ("How to use it", "run", True),
        ("Weights & Biases", "tracking", True),
        ("W&B", "tracking", True),
        ("The latest news", "test", False),
        ("Instalación", "install", True),
        ("Estrutura do projeto", "structure", True),
        ("Metadata", "data", False),
        ("project_structure", "structure", True),
        ("✨ Key Features", "data", False),
        ("Features", "about", True),
        ("Input features", "data", True),
        ("Feature Dictionary", "data", True),
        ("Model analysis", "results", True),
        ("Cost analysis", "results", False),
    ],
)
def test_a_section_is_known_by_whole_words(
    heading: str, part: str, is_named: bool
) -> None:
    assert names(heading, SECTIONS[part]) is is_named


@pytest.mark.parametrize(
    ("target", "leads"),
    [
        ("LICENSE", True),
        ("./src/", True),
        ("src/train.py#L10", True),
        ("a%20b.md", True),
        ("/LICENSE", True),
        ("#links", True),
        ("../../issues", True),
        ("LICENSE.txt", False),
        ("src/nowhere.py", False),
        ("#nowhere", False),
    ],
)
def test_a_link_into_the_repository_leads_somewhere(
    target: str, leads: bool, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = f"# Links\n\n[a]({target}) and [b](https://example.org/nowhere).\n"
    files = {**FILES, "LICENSE": "", "a b.md": "", "README.md": text}
    outcome = measured(make_snapshot(files), bench)
    assert outcome.values["links_work"] == int(leads)
    assert outcome.values["links"] == 1
    assert outcome.values["broken_links"] == int(not leads)


def test_without_a_readme_every_line_says_so(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured(make_snapshot({"README.rst": "Title\n=====\n"}), bench)
    assert len(outcome.answers) == len(CRITERIA)
    assert {one.told for one in outcome.answers} == {
        "There is no README.md at the top."
    }
    assert outcome.answers[0].sights[0].path == "README.rst"


def test_a_readme_in_other_letters_or_in_docs_is_the_readme(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    for path in ("ReadMe.md", "docs/README.md"):
        result = Readme().measure(
            make_snapshot({path: "# A\n\nText."}), ReadmeOptions(), bench
        )
        assert result.population == path
        (make_snapshot({}).root / path).unlink()


def test_a_key_that_stands_in_a_command_or_an_address_is_not_repeated(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = (
        "# A\n\n[a](https://me:hunter2@example.org/x)\n\n```sh\n"
        "KEY=hunter2 python main.py --key hunter2 --other=hunter2\n"
        "wandb login hunter2\npython main.py hunter2\n"
        "docker run -e KEY=hunter2 flats\nconda create -n a TOKEN=hunter2\n"
        "pip install --index-url https://me:hunter2@example.org a\n"
        "git clone https://me:hunter2@github.com/<user>/x\n```\n"
    )
    outcome = measured(make_snapshot({"README.md": text, "main.py": ""}), bench)
    assert outcome.values["says_how_to_run"] == 1
    assert outcome.values["is_finished"] == 0
    assert "hunter2" not in outcome.model_dump_json()


def test_what_is_only_aimed_at_is_no_result(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = "# A\n\n## Success metrics\n\nAn MAE below 10.5.\n"
    outcome = measured(make_snapshot({"README.md": text}), bench)
    assert outcome.values["shows_results"] == 0
    reached = text + "\n## Results\n\nAn MAE of `9.8`.\n"
    outcome = measured(make_snapshot({"README.md": reached}), bench)
    assert outcome.values["shows_results"] == 1


@pytest.mark.parametrize(
    ("line", "is_result"),
    [
        ("Python 3.11+ and make", False),
        ("python3.11, MLflow 2.1.0, v1.2", False),
        ("`mlflow==2.19`", False),
        ("R² = 0.81", True),
        ("MAE: 112.4 with Python 3.11", True),
        ("recall>=0.9, a recall of 0.9+ on average", True),
        ("`mlflow>=2.19`, Node 18.2+", False),
        ("The model reaches 91%.", True),
        ("![loss](loss.png)", True),
    ],
)
def test_a_version_is_no_result(
    line: str, is_result: bool, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = f"# A\n\n## Experiments\n\n- {line}\n"
    outcome = measured(make_snapshot({"README.md": text}), bench)
    assert outcome.values["shows_results"] == int(is_result)


def test_the_title_of_the_page_names_no_section(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = (
        "Data, experiments and MLflow: a report\n\nOf 1.5 million rents, " + "x " * 30
    )
    part = "\n\n## Authors\n\nAna wrote 50 % of it.\n"
    names = ("describes_data", "shows_results", "explains_tracking")
    outcome = measured(make_snapshot({"README.md": f"# {text}{part}"}), bench)
    assert [outcome.values[name] for name in names] == [0, 0, 0]
    outcome = measured(make_snapshot({"README.md": f"# A\n\n## {text}{part}"}), bench)
    assert [outcome.values[name] for name in names] == [1, 1, 1]


def test_a_section_without_its_content_is_said(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = "# A\n\n## Evaluation metrics\n\nThe loss in training.\n"
    outcome = measured(make_snapshot({"README.md": text}), bench)
    (answer,) = (one for one in outcome.answers if one.quantity == "shows_results")
    assert answer.told == (
        'Looked below "Evaluation metrics" for a number with a fraction or in per cent, '
        "or a picture that is no badge: there is none."
    )
    assert [one.line for one in answer.sights] == [3]


@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("streamlit run main.py", "streamlit run main.py"),
        ("python3 main.py --key hunter2", "python3 main.py"),
        ("KEY=hunter2 poetry run python -m src.train", "python -m src.train"),
        ("bash scripts/run.sh hunter2", "bash scripts/run.sh"),
        ("docker run hunter2", "docker run"),
    ],
)
def test_a_command_is_quoted_as_it_stands_there(
    command: str, shown: str, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = f"# A\n\n```sh\n{command}\n```\n"
    outcome = measured(make_snapshot({**FILES, "README.md": text}), bench)
    (answer,) = (one for one in outcome.answers if one.quantity == "says_how_to_run")
    assert [one.what for one in answer.sights] == [shown]


def test_a_file_that_a_tool_takes_is_named_as_it_is_called(
    make_snapshot: MakeSnapshot,
) -> None:
    snapshot = make_snapshot({"docker-compose.yaml": ""})
    assert named("docker compose up", snapshot) == {"docker-compose.yaml": True}
    assert named("docker build .", snapshot) == {"Dockerfile": False}


def test_a_readme_without_headings_may_say_what_it_is_at_its_top(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = "This project predicts " + "rents and prices " * 6 + "for agents.\n"
    outcome = measured(make_snapshot({"README.md": text}), bench)
    assert outcome.values["says_what_it_is"] == 1
    assert outcome.answers[0].sights[0].line == 1


def test_running_tests_is_no_way_to_run_the_project(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = "# A\n\n## Run the tests\n\n```bash\ngit pull\npytest -q\n```\n"
    outcome = measured(make_snapshot({"README.md": text}), bench)
    assert outcome.values["says_how_to_test"] == 1
    assert outcome.values["says_how_to_run"] == 0


def test_a_badge_by_the_workflows_name_is_looked_up_too(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    badge = "![CI](https://github.com/a/b/workflows/Lint%20it/badge.svg)"
    workflow = "name: Lint it\non: push\n"
    files = {"README.md": f"# A\n\n{badge}\n", ".github/workflows/x.yml": workflow}
    assert measured(make_snapshot(files), bench).values["has_ci_badge"] == 1
    files[".github/workflows/x.yml"] = "name: ["
    assert measured(make_snapshot(files), bench).values["has_ci_badge"] == 0


def test_more_names_of_sections_and_sentences_come_from_the_rubric(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = "# A\n\n## Zahlen\n\nMAE 1.5\n\nHier kommt noch etwas hin.\n"
    snapshot = make_snapshot({"README.md": text})
    assert measured(snapshot, bench).values["shows_results"] == 0
    options = ReadmeOptions(
        sections={"results": ("zahlen",)}, sentences=("Hier kommt noch",), min_words=3
    )
    outcome = measured(snapshot, bench, options)
    assert outcome.values["shows_results"] == 1
    assert outcome.values["is_finished"] == 0
    assert outcome.values["is_long_enough"] == 1


def test_each_thing_beyond_the_first_is_a_finding_of_its_own(
    make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    text = "# A\n\n[a](b.md) [c](d.md)\n\nTODO\n\nTBD\n\n```sh\npython a.py\npython b.py\n```\n"
    outcome = measured(make_snapshot({"README.md": text}), bench)
    rules = [(one.rule, one.line) for one in outcome.findings[-3:]]
    assert rules == [("missing-name", 11), ("broken-link", 3), ("left-over", 7)]


@pytest.mark.parametrize(
    "text",
    [
        b"\xff\xfe# A\x00\x80",
        b"# A\n\n" + b"```bash\n" + b"cd x && python y.py; " * 20_000 + b"\n```\n",
        b"# A\n" * 5_000,
        b"# A\n\n## Results\n\n" + b"1" * 90_000,
        b"[" * 30_000,
        "├ a\n".encode() * 10_000,
        b"```sh\n" + b"python a.py\n" * 5_000 + b"```\n",
        "# \u202e\ud83d".encode("utf-8", "surrogatepass") + b"\n\n[a](\x1b[31m)",
    ],
)
def test_a_hostile_readme_is_measured_like_any_other(
    text: bytes, make_snapshot: MakeSnapshot, bench: Bench
) -> None:
    outcome = measured(make_snapshot({**FILES, "README.md": text}), bench)
    assert len(outcome.answers) == len(CRITERIA)
    assert all(len(one.what) <= 110 for a in outcome.answers for one in a.sights)
