"""What a repository's files say, read once for all checkers: nothing is run or imported.

`names` resolves the names in a Python file, `modules` says which file an import means,
`reach` what a program's start leads to, `entry` where it starts. `documents` are YAML, TOML
and JSON with their lines, `markdown` and `notebooks` what their names say;
`path_literals` finds absolute paths, by what they are used for. `reading` keeps
what is read with the snapshot it was read from.
"""
