"""The dashboard: what `yinfang tui` opens. Nothing here is imported before it is."""
