"""Asks a deployed service, at the address that the instructor gives, how it is."""
