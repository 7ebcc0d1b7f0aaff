"""What `mlops-grade github init` writes, for those who copy it from a page."""

from grader.cli.github_init import workflows

_ACTION = "OWNER/mlops-grade@v0.1.0"


def single_workflow() -> str:
    """The one file that grades and comments."""
    (text,) = workflows(_ACTION, "main", single=True).values()
    return f"```yaml\n{text.rstrip()}\n```"
