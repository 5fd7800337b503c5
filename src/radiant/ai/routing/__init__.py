"""The Brain (section 11): which model answers. First form: hard filters, then priors of the catalogue."""
