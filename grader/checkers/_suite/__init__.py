"""The project's own test suite: how it is run, and how what it tells is read.

Private to the `coverage` checker. `run` starts pytest by `command` in the folders of
`places`; `settings` are the repository's own. `inside` tells what happens, as `events`;
`told` reads them into `results`, `lines` says what of the source ran. `ending` and
`exceeded` say why results are missing, `lacking` and `sockets` whether that is our doing,
`facts` and `findings` what comes out.
"""
