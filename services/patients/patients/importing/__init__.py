"""Patients of other systems: read from files, fitted to what Quill keeps, written as the API writes them."""
