"""Things that remember: object store, image registry, git."""
