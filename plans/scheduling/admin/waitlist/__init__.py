"""The waitlist in the console: how an entry looks, how one gets on it, what is asked, and its pages and acts."""
