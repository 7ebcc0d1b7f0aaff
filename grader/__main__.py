"""`python -m grader`, and the command `mlops-grade`.

Loads nothing before it is called: each process of a class's group runs the script again that
was typed, as multiprocessing has it, and needs nothing that a command line needs.
"""

from typing import NoReturn


def main() -> NoReturn:
    """Run the command line, end with the exit code."""
    from grader.cli.app import main as run

    run()


if __name__ == "__main__":
    main()
