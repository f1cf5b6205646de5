"""A dataset group as one file says it: what it should have, what it has, and the steps between the two."""
