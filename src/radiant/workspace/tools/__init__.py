"""Tools that a model may ask for and a person may try: exact computing, sandboxes, retrieval, fetch, SQL, MCP, webhooks."""
