"""Oracles: the papers' equations by plain loops, one file for each idea, as slow and as literal as they can be."""
