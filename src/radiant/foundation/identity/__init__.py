"""Who is calling: people, sessions, API keys, roles."""
