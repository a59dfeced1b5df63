"""Recording in the dashboard: what its pages show and decide, as functions of their arguments."""
