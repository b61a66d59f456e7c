"""The vocabulary: event kinds, columns, pseudonyms, and readers of logs."""
