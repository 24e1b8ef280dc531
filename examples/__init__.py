"""The example application, and what makes git repositories of it."""
