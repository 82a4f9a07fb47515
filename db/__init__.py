"""Everything that lives in PostgreSQL, and the Python that brings it there."""
