"""A notebook or a script run headless, and what the run leaves."""
