"""Where submissions come from: a folder, or a repository at a URL."""
