"""Speech: heard and spoken, by providers or by models that run here (section 21)."""
