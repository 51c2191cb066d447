"""How the offline drafts are written: a brief is read into its events, people and places, and told with phrase books.

Pure functions of the brief; workflows' `draft` functions call them, and the sketch provider alone calls those.
"""
