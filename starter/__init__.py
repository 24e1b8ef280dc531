"""The command line ``onward`` and the client that CI, on-call and tests use."""
