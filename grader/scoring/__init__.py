"""From measurements to marks: pure functions, no disk, no clock, no process."""
