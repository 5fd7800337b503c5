"""What benches are made of: a database set up for them, an upstream, a load, the peers."""
