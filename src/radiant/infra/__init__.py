"""I/O: the database, jobs, events, objects, keys, HTTP clients, telemetry. Knows no slice."""
