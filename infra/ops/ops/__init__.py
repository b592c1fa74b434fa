"""What operators do to a running fleet, as part of the `quill` command. No service is imported here."""
