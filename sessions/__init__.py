"""The sessions of nox, by what they look at; noxfile.py brings them together."""
