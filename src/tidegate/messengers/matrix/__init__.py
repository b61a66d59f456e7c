"""The adapter for Matrix: its homeservers and clients."""
