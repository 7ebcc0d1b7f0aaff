"""`python -m grader` is `mlops-grade`."""

from grader.cli.app import main

if __name__ == "__main__":
    main()
