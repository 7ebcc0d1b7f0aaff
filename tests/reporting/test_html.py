"""The HTML report, read as a page: what it says, and that it is one inert file."""

import base64
import hashlib
import re

import pytest

from grader.model.measurement import Finding
from grader.model.report import Report
from grader.reporting import numbers
from grader.reporting.clean import clean
from grader.reporting.html import ALL_FINDINGS, FIRST_FINDINGS, render_html
from tests.reporting import sample
from tests.reporting.page import Element, read_page


def page(report: Report) -> Element:
    """The rendered report, read."""
    return read_page(render_html(report))


def section(root: Element, heading: str) -> Element:
    """The section that a heading's id labels."""
    return root.one("section", **{"aria-labelledby": heading})


@pytest.mark.parametrize("build", sample.REPORTS)
def test_one_file_that_loads_nothing(build: sample.Builder) -> None:
    root = page(build())
    assert [e.tag for e in root.all() if "src" in e.attributes] == []
    assert root.all("link") + root.all("iframe") + root.all("img") == []
    links = {e.attributes["href"] for e in root.all() if "href" in e.attributes}
    away = {x for x in links if x[0] != "#" and not x.startswith(f"{sample.WEB}/")}
    assert away <= {"https://black.readthedocs.io/"}
    targets = {e.attributes.get("id") for e in root.all()}
    assert {x[1:] for x in links if x[0] == "#"} <= targets


@pytest.mark.parametrize("build", sample.REPORTS)
def test_only_its_own_style_and_script_are_allowed(build: sample.Builder) -> None:
    root = page(build())
    policy = root.one("meta", **{"http-equiv": "Content-Security-Policy"})
    rules = dict(
        rule.strip().split(" ", 1)
        for rule in policy.attributes["content"].split(";")
        if rule.strip()
    )
    assert rules["default-src"] == "'none'"
    assert rules["style-src"] == f"'{_sha256(root.one('style').raw)}'"
    assert rules["script-src"] == f"'{_sha256(root.one('script').raw)}'"
    attributes = {name for element in root.all() for name in element.attributes}
    assert not [name for name in attributes if name.startswith("on")]
    assert "style" not in attributes


def _sha256(text: str) -> str:
    digest = hashlib.sha256(text.encode()).digest()
    return f"sha256-{base64.b64encode(digest).decode()}"


@pytest.mark.parametrize("build", sample.REPORTS)
def test_ids_are_unique_and_headings_descend_in_order(build: sample.Builder) -> None:
    root = page(build())
    ids = [e.attributes["id"] for e in root.all() if "id" in e.attributes]
    assert len(ids) == len(set(ids))
    levels = [int(e.tag[1]) for e in root.all() if re.fullmatch("h[1-6]", e.tag)]
    assert levels.count(1) == 1
    assert all(b <= a + 1 for a, b in zip(levels, levels[1:], strict=False))
    assert len(root.all("main")) == 1


def test_the_payloads_are_text_and_nothing_else() -> None:
    root = page(sample.hostile())
    plain = {e.tag for e in page(sample.messy()).all()}
    assert {e.tag for e in root.all()} <= plain
    shown = [e.text for e in root.one("article", id="check-formatting").all("span")]
    for payload in sample.HOSTILE:
        assert " ".join(clean(payload).split()) in shown
    assert "49" not in root.one("h1").text


def test_the_total_stands_with_its_state_and_its_reasons() -> None:
    report = sample.messy()
    total = section(page(report), "total")
    assert "5.65 of 10 over 95.7 % of the rubric" in total.text
    assert "56.5 of 100" in total.text
    assert total.one("h2").text == "Total provisional"
    assert [e.text for e in total.all("li")] == [
        "Not graded: pylint.",
        "Marked without the class they are compared with: lint, logging, docstrings.",
    ]


def test_a_final_total_says_so_and_needs_no_reason() -> None:
    total = section(page(sample.clean()), "total")
    assert total.one("h2").text == "Total final"
    assert total.all("li") == []
    assert "over" not in total.text


def test_a_final_total_over_a_part_of_the_rubric_says_which_part() -> None:
    total = section(page(sample.partly_empty()), "total")
    assert "8.57 of 10 over 42.9 % of the rubric" in total.text
    assert "Nothing here to measure for: coverage." in total.text


def test_no_mark_at_all_is_not_a_0() -> None:
    root = page(sample.empty())
    assert section(root, "total").one("p", class_="figure").text == "not graded"
    assert "0 of 10" not in root.text
    figures = [e.text for e in root.all("text")]
    assert figures == ["–"]


def test_every_chart_says_in_text_what_it_shows() -> None:
    for chart in page(sample.messy()).all("svg"):
        assert chart.attributes["role"] == "img"
        assert chart.attributes["aria-label"]


def test_a_bar_is_as_long_as_its_mark() -> None:
    bars = section(page(sample.messy()), "dimensions").all("svg")
    widths = [
        float(fill.attributes["width"]) if fill else 0.0
        for bar in bars
        for fill in [next(iter(bar.all("rect", class_="fill")), None)]
    ]
    marks = [d.mark or 0.0 for d in sample.messy().grade.dimensions]
    assert widths == pytest.approx(marks, abs=1e-4)


def test_what_to_fix_next_is_worth_most_first_with_the_command() -> None:
    fixes = section(page(sample.messy()), "next").one("ol")
    gains = [float(e.text) for e in fixes.all("strong")]
    assert gains == sorted(gains, reverse=True)
    assert len(gains) == len(sample.messy().fixes)
    [formatting] = [e for e in fixes.all("li") if "as black would" in e.text]
    assert formatting.one("pre").text == "black ."
    assert formatting.one("div", class_="rise").text == "6.43 → 10"


def test_a_row_of_the_table_has_the_marks_behind_it() -> None:
    table = section(page(sample.messy()), "checks").one("tbody")
    rows = {row.one("a").text: row for row in table.all("tr")}
    assert [cell.text for cell in rows["formatting"].all("td")] == [
        "Code Quality & Efficiency",
        "6.43",
        "8.7 %",
        "5",
        "compliant_files 9 files 14",
    ]
    assert "provisional: no class" in rows["lint"].text
    pylint = rows["pylint"].all("td")
    assert pylint[1].text == "not graded"
    assert pylint[3].text == "–"
    assert "did not finish within 180 s" in pylint[4].text


def test_a_check_shows_how_its_mark_comes_about() -> None:
    root = page(sample.messy())
    article = root.one("article", id="check-formatting")
    formatting = article.text
    assert "10 * compliant_files / files" in formatting
    assert "10 × 9 / 14 = 6.43" in formatting
    rows = [
        [c.text for c in r.parts if not isinstance(c, str)] for r in article.all("tr")
    ]
    meaning = "files that black would leave as they are"
    assert ["compliant_files", "9 files", meaning] in rows
    assert "black --check --verbose" in formatting
    assert "black 26.10.1" in formatting
    assert "14 Python files: the whole repository" in formatting
    assert "notebooks/old/try_features.py line 31 error unparsable" in formatting
    assert "5 findings, 1 note" in formatting
    for part in sample.SECTIONS:
        assert part.title in formatting
    paths = root.one("article", id="check-config-paths").text
    assert "10 - 14 = -4, held to 0" in paths


def test_a_mark_without_its_class_is_labelled() -> None:
    lint = page(sample.messy()).one("article", id="check-lint").text
    assert "provisional: compares with the class; there was no class" in lint
    assert "relative(violations)" in lint
    assert "10 - 100 * violations / lines" in lint


def test_an_ungraded_check_says_why_and_that_it_is_no_0() -> None:
    pylint = page(sample.messy()).one("article", id="check-pylint")
    assert (
        "Not graded, because it could not be measured: pylint: did not finish within "
        "180 s. Raise limits.tool_seconds in the rubric. It does not count as a 0."
    ) in pylint.text
    assert "of 10" not in pylint.text


def test_a_check_that_was_left_out_has_no_measurement_and_no_mark() -> None:
    report = sample.left_out()
    lint = page(report).one("article", id="check-lint").text
    assert "because this run was asked to leave it out" in lint
    assert "Measured with" not in lint


def test_a_decision_of_the_rubric_stands_instead_of_a_formula() -> None:
    report = sample.decided()
    text = page(report).one("article", id="check-pylint").text
    assert "The rubric says on_failure: zero." in text
    assert "With the numbers" not in text


def test_the_first_findings_are_in_sight_and_the_rest_folded() -> None:
    lint = page(sample.messy()).one("article", id="check-lint")
    folded = [e for e in lint.all("details") if "The other" in e.one("summary").text]
    assert [e.one("summary").text for e in folded] == ["The other 63 findings"]
    lists = folded[0].all("ul", class_="found")
    assert sum(len(e.all("li")) for e in lists) == 83 - FIRST_FINDINGS
    every = [one for e in lint.all("ul", class_="found") for one in e.all("li")]
    assert len(every) == 83


def test_beyond_the_cap_the_report_says_how_many_more_there_are() -> None:
    many = tuple(
        Finding(rule="E501", message="long", path="a.py", line=n + 1, fix="Wrap it.")
        for n in range(ALL_FINDINGS + 234)
    )
    root = page(sample.with_findings(many))
    shown = [e for f in root.all("ul", class_="found") for e in f.all("li")]
    assert len(shown) == ALL_FINDINGS
    assert "234 more findings in the JSON report" in root.text
    # What mends them all alike is said once.
    assert root.text.count("Wrap it.") == 1


def test_files_left_out_and_notes_are_named() -> None:
    aside = section(page(sample.messy()), "aside").text
    assert "flats_2019_2024_all_districts.csv too large: over 1 MiB" in aside
    assert "The repository has no src/ folder" in aside


def test_the_foot_says_what_made_the_report() -> None:
    foot = page(sample.messy()).one("footer").text
    for fact in (
        "0.1.0",
        "CPython 3.11.9",
        "Linux-6.1.0-x86_64",
        "none: plain",
        "c4e1",
    ):
        assert fact in foot


def test_uncommitted_changes_are_marked_beside_the_commit() -> None:
    about = section(page(sample.messy()), "repository").text
    assert "3f2a91c04d8e with uncommitted changes" in about
    assert "21 November 2026, 14:05 UTC" in about
    assert "with uncommitted" not in section(page(sample.clean()), "repository").text


def test_the_same_report_gives_the_same_file() -> None:
    assert render_html(sample.messy()) == render_html(sample.messy())


def files(article: Element) -> dict[str, list[Element]]:
    """The findings of a check, by the heading of their file."""
    return {
        file.one("h5").text: file.one("ul", class_="found").all("li")
        for file in article.all("div", class_="file")
    }


def test_findings_stand_by_file_with_their_line_of_code() -> None:
    lint = page(sample.linked()).one("article", id="check-lint")
    found = files(lint)
    assert "The repository as a whole" in found
    of_load = [one for name, one in found.items() if name.startswith("src/load.py 21")]
    assert [e.one("span", class_="at").text for e in of_load[0]][:2] == [
        "line 7",
        "line 19",
    ]
    code = of_load[0][1].one("code", class_="line")
    assert code.raw.startswith("    frame = load(path_4)")


def test_a_file_that_goes_on_in_the_fold_says_so() -> None:
    lint = page(sample.linked()).one("article", id="check-lint")
    assert "src/load.py 21 findings, continued" in files(lint)


def test_the_lines_of_a_file_with_a_secret_are_not_there_and_that_is_said() -> None:
    lint = page(sample.linked()).one("article", id="check-lint")
    [keys] = [e for e in lint.all("div", class_="file") if "src/keys.py" in e.text]
    assert keys.all("code", class_="line") == []
    assert "what looks like a secret in this file" in keys.one("p").text


def test_lines_and_files_lead_to_the_commit_at_the_host() -> None:
    root = page(sample.linked())
    lint = root.one("article", id="check-lint")
    there = f"{sample.WEB}/blob/3f2a91c04d8e7b6a5f4e3d2c1b0a99887766554f/src/load.py"
    links = {e.text: e for e in lint.all("a") if e.attributes["href"][:5] == "https"}
    assert links["src/load.py"].attributes["href"] == there
    assert links["line 19"].attributes["href"] == f"{there}#L19"
    assert {e.attributes["rel"] for e in links.values()} == {"noopener noreferrer"}


def test_with_uncommitted_changes_nothing_leads_to_the_host() -> None:
    report = sample.linked()
    repository = report.repository.model_copy(update={"uncommitted": True})
    root = page(report.model_copy(update={"repository": repository}))
    lint = root.one("article", id="check-lint")
    assert [
        e.attributes["href"] for e in lint.all("a") if "#" not in e.attributes["href"]
    ] == ["https://black.readthedocs.io/"]


def test_a_fix_says_what_it_takes_and_what_its_command_does() -> None:
    fixes = section(page(sample.linked()), "next").one("ol").all("li")
    takes = [e.text for fix in fixes for e in fix.all("p", class_="effort")]
    assert (
        takes
        == [
            "83 places in 4 files to mend",
            "One command, then 2 places in 1 file by hand",
            "Work: code or tests to write",
        ][: len(takes)]
    )
    assert len(takes) == min(3, len(fixes))


def test_without_any_line_of_code_the_report_says_why() -> None:
    assert "searched the files for secrets" in page(sample.messy()).text
    assert "searched the files for secrets" not in page(sample.linked()).text
    assert "searched the files for secrets" not in page(sample.clean()).text


def test_a_check_says_what_it_gives_of_the_total() -> None:
    report = sample.messy()
    check = report.check("formatting")
    most = 10 * check.weight_share / report.grade.measured_share
    text = page(report).one("article", id="check-formatting").text
    assert f"of at most {numbers.mark(most)} points" in text
    assert "at most" not in page(report).one("article", id="check-pylint").text
