"""The public notice on automated and bulk messaging."""
