"""The project's own test suite: how it is run, and how what it leaves behind is read.

Private to the `coverage` checker. `run` starts pytest, `settings` reads the
repository's pytest settings, `junit` and `lines` read the two result files, `ending`
says why results are missing, `lacking` whether that is our interpreter's fault,
`findings` what to tell.
"""
