"""Who did what to whose record: the trail of all services, in one hash chain for each."""
