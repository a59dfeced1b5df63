"""What the command palette knows: the keys of the page below, the pages, the themes, the jobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import chain
from typing import TYPE_CHECKING, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from tui.dashboard.screens.help import meaning
from tui.dashboard.screens.page import PAGES
from tui.dashboard.themes import CYCLE
from tui.jobs import short_id, subject

if TYPE_CHECKING:
    from tui.dashboard.app import Dashboard

UNTOLD = ("table.", "log.", "page.")  # ids of keys that only move, or are told of otherwise


@dataclass(frozen=True)
class Command:
    """Something that can be done by name.

    Attributes:
        name: what it is searched by; ends with its key, if it has one.
        does: what it does, in a sentence.
        run: does it.
    """

    name: str
    does: str
    run: Callable[[], object]


class Commands(Provider):
    """Everything that can be done where the palette was opened, by name."""

    @property
    def dashboard(self) -> Dashboard:
        """The app."""
        return cast("Dashboard", self.app)

    async def discover(self) -> Hits:
        for command in chain(self._of_page(), self._pages(), self._themes(CYCLE)):
            yield DiscoveryHit(command.name, command.run, help=command.does or None)

    async def search(self, query: str) -> Hits:
        matcher = self.matcher(query)
        themes = self._themes(sorted(self.app.available_themes))
        for command in chain(self._of_page(), self._pages(), themes, self._jobs()):
            if score := matcher.match(command.name):
                yield Hit(
                    score, matcher.highlight(command.name), command.run, help=command.does or None
                )

    def _of_page(self) -> Iterator[Command]:
        """Every action that has a key."""
        told = set[str]()
        for node, binding, enabled, tooltip in self.screen.active_bindings.values():
            id_ = binding.id
            if id_ is None or id_ in told or id_.startswith(UNTOLD) or not enabled:
                continue
            told.add(id_)
            does = tooltip or meaning(node, self.app, binding)
            yield Command(
                f"{binding.description}  ({self.app.get_key_display(binding)})",
                does if does != binding.description else "",
                partial(self.app.run_action, binding.action, node),
            )

    def _pages(self) -> Iterator[Command]:
        for number, (name, title) in enumerate(PAGES, 1):
            go = partial(self.dashboard.action_page, name)
            yield Command(f"Go to {title}  ({number})", f"The page {title}.", go)

    def _themes(self, names: Iterable[str]) -> Iterator[Command]:
        for name in names:
            take = partial(setattr, self.app, "theme", name)
            yield Command(f"Theme {name}", "Other colours.", take)

    def _jobs(self) -> Iterator[Command]:
        """Every job, by its id, its kind and what it is about."""
        for job in self.dashboard.board.jobs.values():
            yield Command(
                f"Open job {short_id(job)} {job['kind']} {subject(job)}".rstrip(),
                f"{job['state']}: {' '.join(str(job.get('reason') or '').split())}".rstrip(": "),
                partial(self.dashboard.open_job, job["id"]),
            )
