"""The project's own test suite: how it is run, and how what it tells is read.

Private to the `coverage` checker. `run` starts pytest with `command` in the folders of
`places`, after `settings`, the repository's own. `plugin` tells from inside what happens,
`events` reads it into `results`, `lines` says what of the source ran. `ending` says why
results are missing, `lacking` whether that is our interpreter's fault, `facts` and
`findings` what comes out.
"""
