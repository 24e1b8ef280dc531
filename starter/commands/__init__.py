"""The commands of ``onward``, by what they are for. Heavy imports happen inside of each."""
