"""Who there is: registering, activating, roles, passwords."""
