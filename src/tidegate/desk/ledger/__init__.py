"""What the node has decided, copied, and what it adds up to."""
