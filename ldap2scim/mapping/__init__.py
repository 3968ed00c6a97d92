"""Entries become resources: the attribute mapping. Pure; time is an argument."""
