"""Telling another program, or a team's chat, of jobs that ended or wait for somebody, and of budgets."""
