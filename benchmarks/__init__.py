"""What our code adds to what has to be done anyway: each measure against a floor of the same run."""
