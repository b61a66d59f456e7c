"""Cases and their queue: people look at what was decided, and rule."""
