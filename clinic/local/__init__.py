"""One machine's own PostgreSQL, broker and mailbox, and `manage.py up` to run it all. Never imported in production."""
