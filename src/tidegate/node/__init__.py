"""One running node: a durable log, the engine, and what its decisions lead to."""
