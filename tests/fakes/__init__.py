"""Small in-memory classes for unit and workflow tests; they obey the same contract tests as the
real stores and engines (``tests/**/test_*_contract.py``)."""
