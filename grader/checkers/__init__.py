"""One file per checker; `_base` says what one is, `_registry` finds them all."""
