"""What happened, hour by hour: usage events, their roll-ups, spend, and the sinks that take them elsewhere."""
