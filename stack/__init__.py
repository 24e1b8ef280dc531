"""The local stack: the parts that `onward up` starts, on one machine."""
