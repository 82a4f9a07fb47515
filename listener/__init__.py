"""What reacts to the database and to the clock: the live feed and the worker."""
