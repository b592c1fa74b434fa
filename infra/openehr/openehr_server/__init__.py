"""A development openEHR server: not for clinical use."""
