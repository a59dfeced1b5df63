"""Pages from which recordings of the workspace are heard."""

from __future__ import annotations

from textual import work

from daemon.client import ClientError
from tui.dashboard.clips import ClipError, Clips
from tui.dashboard.screens.page import Page
from tui.playback import NoLoudspeakerError, PlaybackError

ELSEWHERE = (
    "sound comes out where the dashboard runs: on your own machine open"
    " `yinfang tui --host ssh://user@server`"
)
TOLD_FOR = 12.0  # seconds


class ListeningPage(Page):
    """Plays one recording at a time; what was fetched is gone when the page is left."""

    _clips: Clips | None = None

    def on_unmount(self) -> None:
        if self._clips is not None:
            self._clips.close()

    @work(group="listen", exclusive=True)
    async def hear(self, path: str) -> None:
        """Play a recording (`path` from the workspace's root); once more: be silent."""
        if self._clips is None:
            self._clips = Clips(self.dashboard.link)
        if self._clips.stop():
            return
        try:
            await self._clips.play(path)
        except ClientError as error:
            self.dashboard.complain(error)
        except NoLoudspeakerError as error:
            self.notify(
                ELSEWHERE, title=str(error), severity="warning", markup=False, timeout=TOLD_FOR
            )
        except (ClipError, PlaybackError) as error:
            self.notify(str(error), severity="warning", markup=False)
