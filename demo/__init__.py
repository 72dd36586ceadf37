"""The demo: a stranger presses Create on one machine (`make demo`)."""
