"""What every room stands on: paths, ports, processes, the environment, files of state."""
