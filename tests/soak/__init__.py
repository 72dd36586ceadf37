"""The soak: many alerts from the action group to their rows, while everything on the way fails now and then."""
