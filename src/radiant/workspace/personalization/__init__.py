"""Section 13, the user neural engine: what a person prefers, by evidence; what they do, by counts; their say over both."""
