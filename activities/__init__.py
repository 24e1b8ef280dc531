"""Activities, one class per file; stores and engines come in through the constructor."""
