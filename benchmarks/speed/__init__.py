"""How fast: Counterpoint against other frameworks, a textbook loop and what the machine can do at best."""
