"""A person's memory and documents for MCP clients: tools over HTTP and stdio."""
