"""Building blocks that two or more recipes share. Nothing in here is a recipe."""
