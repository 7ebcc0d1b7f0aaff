"""The project's own environment: what a repository declares, and building it.

`manifests` reads what a repository says it needs: text in, values out. Nothing is
executed, imported or fetched, and a broken manifest is a value, never an exception.
`names` says what a conda package is called on PyPI. `provision` builds the environment
with uv.
"""
