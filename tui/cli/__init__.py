"""The `yinfang` command: one module for each group of commands."""
