"""What Tidegate's search for campaigns is compared with: the ideas of others, re-implemented on the same log.

Each is true to the idea it is named after and says where it departs from the paper. None is the authors' code,
their parameters were chosen for other platforms, and these were chosen again on simulated training worlds.
"""
