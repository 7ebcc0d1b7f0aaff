"""What runs inside the project's interpreter, where this package is not installed.

`main` runs pytest with our `plugin`, which tells over a `channel` what happens. Loaded
before any of the project's code can be imported. Standard library and pytest only: Python
3.8, pytest 8.0 and pytest-cov 4.1 or newer. Only `channel` is for the grader's own side too.
"""
