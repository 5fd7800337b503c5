"""What everything stands on, and operators run."""
