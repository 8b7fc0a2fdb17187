def add(app): pass
