"""A person's memory for MCP clients: found, added to and forgotten by tools, over HTTP and stdio."""
