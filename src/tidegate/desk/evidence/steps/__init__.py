"""What is done: determinations, letters and their service, suits, steps on accounts."""
