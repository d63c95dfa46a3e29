"""A small service in each framework, with each library as its guard, to be put under load."""
