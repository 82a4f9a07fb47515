"""What reacts to the database and to the clock: so far the worker.

The LISTEN connection, the feed reader and the hub that fans out will live here.
"""
