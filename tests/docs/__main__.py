"""`python -m tests.docs`: rewrite every generated part of README.md and docs/."""

from tests.docs.pages import pages, up_to_date

if __name__ == "__main__":
    for page in pages():
        text = page.read_text("utf-8")
        page.write_text(up_to_date(text), encoding="utf-8", newline="\n")
