"""The inside of virtual machines: what a process on one sees, how processes are started and ended."""
