"""One account: its life, why each decision fell, what it is linked to."""
