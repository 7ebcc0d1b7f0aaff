"""What deserves a person's look in a project's tests; nothing here changes a number.

A student's code shares the interpreter with pytest and can make it report anything. So
there are signals: code that reaches into what reports (`reach`, `patches`, `hooks`), tests
that are written and not collected (`declared`), odd ends of the graded run (`graded`), and
two more runs (`extra`) with tests of ours whose outcomes are known (`canaries`) and with
functions that have lost their bodies (`mutants`). Each has honest reasons too: the text of a
signal says what was seen and where, and leaves the judging to the reader.
"""
