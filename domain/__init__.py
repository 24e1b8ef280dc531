"""The rules of Onward. Pure: no I/O, no clock, no randomness, no Temporal."""
