"""One file per dashboard: the paths, their parameters, and which SQL function answers."""
