"""What the day's notebooks call."""
