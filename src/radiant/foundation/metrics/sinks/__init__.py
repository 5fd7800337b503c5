"""Where figures go besides the database. Each sink reads the outbox from its own place (infra.events): it is tried again,
what it refuses for good is set aside, and none waits for another."""
