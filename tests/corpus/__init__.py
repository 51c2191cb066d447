"""Stories that nothing was fitted to, each with its facts beside it, and a checker that counts contradictions.

`python -m tests.corpus` runs them through the offline provider, text, frames and sound; `stories/` holds them.
"""
