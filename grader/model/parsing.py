"""Python's parser, one text at a time."""

from threading import Lock

# The parser keeps the depth that it is at for the whole process, not for each thread: two at
# once may both be told "AST constructor recursion depth mismatch". They would also hold two
# trees in memory. Whatever makes syntax trees while checks run side by side has it.
PARSING = Lock()
