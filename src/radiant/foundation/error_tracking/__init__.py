"""Errors of RADIANT itself and of tenants' programs: taken in, scrubbed, spooled, grouped, told of, triaged."""
