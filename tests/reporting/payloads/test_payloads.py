"""HOSTILE's cases 61 to 65 as one matrix: payloads × fields × formats, and none acts.

What acts is decided by parsing. A document with payloads is held against the same one with
texts of the same shape that can't act; each decider is shown first that it does see attacks.
"""

import importlib
import json
import pkgutil
import re

import pytest

import grader.reporting
from grader.cli.output import Format
from grader.engine.artifact import parse_artifact
from grader.engine.pull_request import held_against
from grader.errors import GradeError
from grader.model.report import Report
from grader.reporting.clean import COMMAND_CHARACTERS, TEXT_CHARACTERS, clean
from grader.reporting.html import render_html
from grader.reporting.json import load_report, render_json
from grader.reporting.markdown import MAX_CHARACTERS, render_markdown
from grader.reporting.pull_request import render_pull_request
from tests.reporting import sample
from tests.reporting.page import read_page
from tests.reporting.payloads import deciders, documents, formats
from tests.reporting.payloads.deciders import Document
from tests.reporting.payloads.filling import Filling, filled, text_fields
from tests.reporting.payloads.formats import REPORTS, Decider, all_formats
from tests.reporting.payloads.matrix import acting, alone, together
from tests.reporting.payloads.texts import twin

CHUNKS = 12
DOCUMENTS = (
    *(documents.report, documents.told, documents.comparison),
    *(documents.runs, documents.group_runs, documents.people),
)
# What commands print or write beside what grader/reporting does.
COMMANDS = frozenset("outputs class-terminal class-piped history history-piped".split())

# What writes something, by its name, and what it is tried as.
WRITES = re.compile(
    r"(render|show|fill)_\w+|[a-z]\w*_(csv|xlsx|text|html|markdown|json|index)|lines|stopped"
)
WRITERS = {
    "annotations.render_annotations": {"annotations"},
    "annotations.stopped": {"stopped-log"},
    "badge.render_badge": {"badge"},
    "badge.render_badge_svg": {"badge-svg"},
    "class_page.render_class": {"class-html", "class-markdown"},
    "class_page.render_class_markdown": {"class-markdown"},
    "class_page.render_class_page": {"class-html"},
    "comparison.comparison_html": {"comparison-html"},
    "comparison.comparison_json": {"comparison-json"},
    "comparison.comparison_markdown": {"comparison-markdown"},
    "comparison.show_comparison": {"comparison-terminal", "comparison-piped"},
    "contributors.contributors_csv": {"contributors-csv"},
    "csv.items_csv": {"items-csv"},
    "csv.scores_csv": {"scores-csv"},
    # What people decided, as sentences in every format.
    "decisions.lines": set(),
    "feedback.feedback_html": {"message-html", "moodle"},
    "feedback.feedback_index": {"index-csv"},
    "feedback.feedback_text": {"message"},
    "gate.lines": {"gate"},
    "gitlab.render_gitlab": {"gitlab"},
    "gradebook.fill_gradebook": {"canvas", "moodle"},
    "gradescope.render_gradescope": {"gradescope"},
    "html.render_html": {"html"},
    "json.render_json": {"json", "class-json"},
    "junit.render_junit": {"junit"},
    "markdown.render_markdown": {"markdown"},
    "pull_request.render_pull_request": {"pull-request", "pull-request-changes"},
    "quiet.render_quiet": {"quiet"},
    "sarif.render_sarif": {"sarif"},
    "summary.render_summary": {"summary"},
    "terminal.render_terminal": {"terminal", "terminal-colours", "piped"},
    "xlsx.grades_xlsx": {"xlsx", "findings-xlsx"},
}


# The whole takes minutes: .ci/run, or python -m tests.reporting.payloads
@pytest.mark.sandbox
def test_61_to_65_nothing_acts_where_many_texts_stand_in_each_field() -> None:
    assert list(acting(together(), [0], all_formats())) == []


@pytest.mark.parametrize("start", [0, 61])
def test_61_to_65_nothing_acts_where_each_field_has_another_text(start: int) -> None:
    assert list(acting(alone(), [start], all_formats())) == []


@pytest.mark.sandbox
@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_61_to_65_no_text_acts_in_any_field_of_any_format(chunk: int) -> None:
    texts = alone()
    starts = range(chunk, len(texts), CHUNKS)
    assert list(acting(texts, starts, all_formats())) == []


def test_every_format_has_a_decider() -> None:
    assert set(REPORTS) == set(Format)
    names = {one.name for one in all_formats()}
    assert set().union(*WRITERS.values()) | COMMANDS == names


def test_everything_that_writes_is_tried() -> None:
    found = set()
    for info in pkgutil.iter_modules(grader.reporting.__path__):
        module = importlib.import_module(f"grader.reporting.{info.name}")
        for name, value in vars(module).items():
            is_own = getattr(value, "__module__", "") == module.__name__
            if is_own and callable(value) and WRITES.fullmatch(name):
                found.add(f"{info.name}.{name}")
    # The encoders, which have tests of their own.
    found -= {one for one in found if one.startswith("clean.")}
    assert found == set(WRITERS)


@pytest.mark.parametrize("build", DOCUMENTS)
def test_every_field_that_holds_text_is_filled(build: object) -> None:
    assert callable(build)
    model = build()
    first = Filling(alone())
    first.model(model)
    lacking = text_fields(type(model)) - first.fields
    second = Filling(alone(), lacking=frozenset(lacking))
    second.model(model)
    assert text_fields(type(model)) - second.fields == set()


def test_every_text_comes_to_every_field_as_the_start_moves_on() -> None:
    texts = [f"text {number}" for number in range(5)]
    seen = {
        filled(documents.report(), texts, start).repository.name for start in range(5)
    }
    assert seen == set(texts)


def test_a_twin_has_the_shape_and_nothing_that_acts() -> None:
    plain = [twin(text, number) for number, text in enumerate(alone())]
    assert len(set(plain)) == len(set(alone()))
    for text in plain:
        assert all(c.isalnum() or c in " \n`" for c in text)


@pytest.mark.parametrize(
    "decide, document, twin",
    [
        (deciders.html, "<p><script>x</script></p>", "<p>x</p>"),
        (deciders.html, "<p><img src=x onerror=y></p>", "<p>x</p>"),
        (deciders.html, '<p title="" onclick="x">x</p>', '<p title="">x</p>'),
        (deciders.html, "<script>own;evil</script>", "<script>own</script>"),
        (deciders.html, '<a href="javascript:x">x</a>', '<a href="#x">x</a>'),
        (deciders.html, '<a href="//evil">x</a>', '<a href="#x">x</a>'),
        (deciders.html, "<p>\u202ex</p>", "<p>x</p>"),
        (deciders.html, "<p><!-- </p> --></p>", "<p>x</p>"),
        (deciders.markdown, "a\n\n# b", "a\n\nb"),
        (deciders.markdown, "- a\n\n```\nb", "- a\n\nb"),
        (deciders.markdown, "a <b>b</b>", "a b"),
        (deciders.markdown, "a ![b](https://evil.example)", "a b"),
        (deciders.markdown, "a https://evil.example", "a b"),
        (deciders.markdown, "a www.evil.example", "a b"),
        (deciders.markdown, "a x@evil.example", "a b"),
        (deciders.markdown, "a @octocat", "a b"),
        (deciders.markdown, "a o/r#3", "a b"),
        (deciders.markdown, "a GH-2", "a b"),
        (deciders.markdown, "a :100:", "a b"),
        (deciders.markdown, "a $x$", "a b"),
        (deciders.markdown, "a\n\n<!-- b\n\nc", "a\n\nb\n\nc"),
        (deciders.markdown, "a[^1]\n\n[^1]: b", "a\n\nb"),
        (deciders.markdown, "- [x] b", "- b"),
        (deciders.terminal, "a\x1b[2Jb", "ab"),
        (deciders.terminal, "a\x1b]8;;x\x1b\\b\x1b]8;;\x1b\\", "ab"),
        (deciders.terminal, "a\x1b]52;c;eA==\x07", "ab"),
        (deciders.terminal, "a\x1b]0;t\x07", "ab"),
        (deciders.terminal, "a\rb\b", "ab"),
        (deciders.terminal, "a\x9b2J", "ab"),
        (deciders.log, "a\n  ::error::x", "ab"),
        (deciders.log, "a ##[error]x", "ab"),
        (deciders.log, "::stop-commands::x\n", "ab"),
        (deciders.log, "a ##vso[x]y", "ab"),
        (deciders.annotations, "::error ::a\n::error ::b\n", "::error ::a\n"),
        (deciders.annotations, "::error col=1::a\n", "::error ::a\n"),
        (deciders.annotations, "::error title=a,title=b::a\n", "::error title=a::a\n"),
        (deciders.annotations, "::error ::a%0Ab\n", "::error ::a\n"),
        (deciders.data, '{"a": [1]}', '{"a": ["b"]}'),
        (deciders.data, '{"a": "\\udcff"}', '{"a": "b"}'),
        (deciders.data, '{"a": "\x9b"}', '{"a": "b"}'),
        (deciders.sarif, '{"text": "[a](b)"}', '{"text": "b"}'),
        (deciders.sarif, '{"text": "{0}"}', '{"text": "b"}'),
        (deciders.sarif, '{"markdown": "[a](b)"}', '{"markdown": "b"}'),
        (deciders.sarif, '{"uri": "../a"}', '{"uri": "a"}'),
        (deciders.sarif, '{"uri": "file:///a"}', '{"uri": "a"}'),
        (deciders.xml, "<a><b/></a>", "<a>b</a>"),
        (deciders.same, "a", "b"),
        (deciders.table, "a,=1\r\n", "a,b\r\n"),
        (deciders.table, "a, +1\r\n", "a,b\r\n"),
        (deciders.table, 'a,"x;=1"\r\n', "a,b\r\n"),
        (deciders.table, 'a,"x\t@A1"\r\n', "a,b\r\n"),
        (deciders.table, "a,b\rc\r\n", "a,b\r\n"),
        (deciders.mail, "a\nb\n", "a b\n"),
        (deciders.outputs, "total=1\nPATH=x\n", "total=1\n"),
    ],
)
def test_a_decider_sees_what_acts(
    decide: Decider, document: Document, twin: Document
) -> None:
    assert list(decide(twin, twin)) == []
    try:
        found = list(decide(document, twin))
    except AssertionError as error:
        found = [str(error)]
    assert found


def test_an_address_is_a_link_only_where_it_is_plain() -> None:
    report = documents.report()
    assert "https://black.readthedocs.io/" in render_html(report)
    texts = alone()
    count = len(report.checks)
    for at in range(0, len(texts), count):
        some = texts[at : at + count]
        checks = tuple(
            check.model_copy(update={"source": f"https://docs.example/{text}"})
            for check, text in zip(report.checks, some, strict=False)
        )
        web = f"https://github.com/o/r/{some[0]}"
        hostile = report.model_copy(
            update={
                "checks": checks + report.checks[len(checks) :],
                "repository": report.repository.model_copy(update={"web": web}),
            }
        )
        for link in read_page(render_html(hostile)).all("a"):
            where = link.attributes["href"]
            assert where.startswith(("#", "https://docs.example/", "https://black."))
            assert not set(where) & set("<>\"'` \\(){}"), where


# The JSON is the record and has everything; the others are written as another one is.
WHOLE = frozenset(
    "json findings-xlsx terminal-colours piped stopped-log message-html".split()
)


@pytest.mark.sandbox
def test_62_a_megabyte_in_each_text_is_cut_in_each_format() -> None:
    huge = ["<b>@a " * 170_000 + str(number) for number in range(40)]
    report = filled(documents.report(), huge)
    assert len(report.repository.name) >= 1_000_000
    for one in all_formats():
        if isinstance(one.document, Report) and one.name not in WHOLE:
            # A command stays whole, to be copied.
            most = 2_000 * TEXT_CHARACTERS + 12 * COMMAND_CHARACTERS
            assert len(one.write(report)) < most, one.name
    for text in (render_markdown(report), render_pull_request(report, None)):
        assert len(text) <= MAX_CHARACTERS


def test_63_a_lone_surrogate_is_told_in_the_json_too() -> None:
    report = documents.report()
    repository = report.repository.model_copy(update={"name": "a\udcffb"})
    text = render_json(report.model_copy(update={"repository": repository}))
    assert load_report(text, "x.json").repository.name == r"a\udcffb"


def test_the_formats_have_names_of_their_own() -> None:
    names = [one.name for one in formats.all_formats()]
    assert len(names) == len(set(names))


@pytest.mark.parametrize("start", range(0, 114, 38))
def test_66_an_artifact_of_nothing_but_payloads_makes_a_comment_of_text(
    start: int,
) -> None:
    """Whoever makes the artifact names the checks, too: all of it adds up, and is not ours."""
    texts = [text for text in alone() if text.isprintable() and text.strip()]
    twins = [twin(text, number) for number, text in enumerate(texts)]
    head, plain = (
        parse_artifact(
            render_json(Filling(some, start).model(sample.linked())).encode(),
            "head.json",
        )
        for some in (texts, twins)
    )
    shown, wanted = (
        render_pull_request(one, held_against(one, one)) for one in (head, plain)
    )
    assert list(deciders.markdown(shown, wanted)) == []


@pytest.mark.parametrize("text", alone())
def test_66_what_is_said_of_a_refused_artifact_does_not_act(text: str) -> None:
    raw = json.dumps({"schema_version": 1, text: {text: text}}).encode()
    with pytest.raises(GradeError) as caught:
        parse_artifact(raw, "head.json")
    # As `cli/app.py` says every error.
    said = clean(f"mlops-grade: {caught.value.message}")
    assert list(deciders.log(said, "")) == []
