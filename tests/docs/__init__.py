"""What README.md and docs/ are generated from; `python -m tests.docs` writes it anew."""
