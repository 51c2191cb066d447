"""A made-up history of jobs and calls: for trying the dashboards, and measuring them, with what a busy house has after
half a year."""
