"""How somebody gets in: a name and a password, and the code of a second factor where one is on."""
