"""The account holder's side: what happened, why, and how to have it looked at again."""
