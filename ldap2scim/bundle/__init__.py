"""The support bundle: a state without names, from which the same plan follows."""
