"""What a brief's own words tell: the hour, season and weather, the era, the place, who somebody is.

Pure functions of texts, for writing and drawing alike. What the words do not tell is the empty string: whoever asks
leaves it neutral.
"""
