"""What reacts to the database: the LISTEN connection, the feed reader, the hub that fans out, the worker.

The room is empty until the live feed is built: nothing reacts yet, every answer is read when it is asked for.
"""
