"""One module for each group of `lab` commands."""
