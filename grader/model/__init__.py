"""The types that flow from one stage to the next."""
