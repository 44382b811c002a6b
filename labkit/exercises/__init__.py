"""The steps of the day, their checks, a trainee's progress and the room's."""
