"""Telling another program, or a team's chat, of jobs that ended or ask for somebody, and of budgets."""
