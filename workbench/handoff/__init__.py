"""A storyboard handed to a crew: as a book of pages, a shot list, a screenplay, subtitles. What it is made from is read
once (`book`); each form is a module."""
