"""The live feed: what is committed reaches the clients that may see it, once, in order, without a gap.

A process has one reader (reader.py), which reads feed.event from where it stopped, woken over one connection
that listens (connection.py), and one hub (hub.py), which hands each event to the clients that hear one of its
topics (client.py). Positions are snapshots (snapshot.py); messages.py writes an event as each kind of client
gets it.
"""
