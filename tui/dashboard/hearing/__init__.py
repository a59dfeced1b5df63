"""What is heard of the dashboard: sounds of the daemon, and the person's ears."""
