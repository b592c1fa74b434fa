"""The endpoints, one module per resource of the openEHR REST API 1.0."""
