"""One machine's own PostgreSQL, broker and mailbox, and `manage.py up` that runs it all. Never imported in production."""
