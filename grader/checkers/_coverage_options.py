"""What a rubric can say to the coverage check."""

from pydantic import field_validator

from grader.checkers._base import Options


class CoverageOptions(Options):
    """`omit` takes source files out of the coverage: patterns as coverage's own `omit`.

    For entry points, say: `src/main.py`, `*/run.py`, `src/legacy/*`. Without `signals`
    nothing is looked for that deserves a person's look, and the tests run once.
    """

    omit: tuple[str, ...] = ()
    signals: bool = True

    @field_validator("omit")
    @classmethod
    def _are_patterns(cls, patterns: tuple[str, ...]) -> tuple[str, ...]:
        # Imported late: coverage loads slowly, and most rubrics give no pattern.
        from coverage.exceptions import ConfigError
        from coverage.files import globs_to_regex

        try:
            globs_to_regex(patterns)
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return patterns
