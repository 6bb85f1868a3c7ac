"""The seven steps of a run, in order. Each returns True when it is done, False when the slice is over."""
