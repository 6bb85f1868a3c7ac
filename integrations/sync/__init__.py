"""The engine: runs in slices, under a lease, through the steps of design section 5. Knows no tool by name."""
