"""The phases of a run, in their order: extract, map, validate, decide, load, report; and recover before them.

The command calls them one after the other, the flows wrap each as a task; both run the same functions.
"""
