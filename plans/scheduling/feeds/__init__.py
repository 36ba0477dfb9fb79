"""Calendar feeds: what they hold, the document they are written as, and the address that answers it."""
