"""SCIM 2.0 (RFC 7643, RFC 7644): an identity provider keeps a tenant's people and groups up to date."""
