"""What a location sends, and when."""
