"""Quill's development openEHR server. For development and tests; not for clinical use."""

PRODUCT = "Quill development openEHR server"
VERSION = "0.1.0"
IMITATES = "EHRbase 2.31.0"
