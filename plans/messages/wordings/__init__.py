"""A location's own words for its mails: kept, tried out and edited."""
