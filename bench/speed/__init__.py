"""Measures Quill against its budgets in one run on one machine: `make bench`.

What passes through Quill is compared with the same call made directly, in turns, so that a busy machine slows both.
"""
