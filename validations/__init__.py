"""Is this state fit to be believed? Pure checks decide; the Great Expectations suites describe."""
