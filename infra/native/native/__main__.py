"""python -m native"""

from native.cli import app

app()
