"""One script a contestant. Each runs in a process of its own, maybe in an environment of its own, on the same rows."""
