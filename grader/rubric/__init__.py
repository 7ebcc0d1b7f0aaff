"""The rubric: its schema, its formulas, and how a YAML file becomes one."""
