"""The parts of `tastemaker verify`: the recorded walk, who walks it, and what looks at each reply."""
