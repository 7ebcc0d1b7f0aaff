"""Where processes are started, and the only place: see `run`."""
