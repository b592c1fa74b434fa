"""What can go wrong while starting the fleet, told in one sentence to the person at the terminal."""


class LaunchError(Exception):
    """The fleet cannot start; the message is complete advice and is shown without a traceback."""
