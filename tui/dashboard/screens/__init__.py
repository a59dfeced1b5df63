"""The pages, one a module; a page's module is imported when it is first opened."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tui.dashboard.screens.page import Page

CLASSES = {
    "jobs": "JobsPage", "compare": "ComparePage", "datasets": "DatasetsPage",
    "voices": "VoicesPage", "system": "SystemPage", "record": "RecordPage",
}  # fmt: skip


def page_named(name: str) -> Page:
    """A new page."""
    page: Page = getattr(import_module(f"{__name__}.{name}"), CLASSES[name])()
    return page
