"""Debug: failures by what went wrong, what people say of each group, and what can be done about it."""
