"""What was measured before, kept in the user's cache folder so that it isn't done twice.

`place` says where, `entries` keeps what is given to it by key, and `digest` makes keys of what
a number depends on: `contents` of the repository's files, `ruler` of our own code and what
is installed beside it. What a measurement depends on is `grader.engine.reuse`'s to say.
"""
