"""The whole path: capture, measure, score, report."""
