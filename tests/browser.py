"""Headless Chromium, driven through two pipes by its DevTools protocol: no package, no port, no network."""

import json
import os
import select
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome-headless-shell")
CHROMIUM = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
FLAGS = ("--headless", "--no-sandbox", "--no-first-run", "--disable-dev-shm-usage", "--no-zygote", "--use-gl=angle",
         "--use-angle=swiftshader", "--enable-unsafe-swiftshader", "--remote-debugging-pipe")
SECONDS = 60


class Browser:
    """A browser with one page."""

    def __init__(self, page: Path) -> None:
        (commands, self._commands), (self._answers, answers) = os.pipe(), os.pipe()
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)

        def at_their_numbers() -> None:
            """Put both pipes where Chromium looks for them; copies first, since one may be at the other's number."""
            for place, pipe in ((3, os.dup(commands)), (4, os.dup(answers))):
                os.dup2(pipe, place)

        self._process = subprocess.Popen(
            [CHROMIUM, *FLAGS, f"--user-data-dir={self._folder.name}", "about:blank"], pass_fds=(3, 4),
            preexec_fn=at_their_numbers, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        os.close(commands)
        os.close(answers)
        self._count, self._unread, self._session, self.events = 0, b"", None, []
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        for domain in ("Runtime", "Network", "Page", "Log", "Accessibility"):
            self.call(f"{domain}.enable")
        self.call("Page.navigate", url=page.as_uri())
        self.wait("document.readyState == 'complete' && document.URL != 'about:blank'")

    def call(self, method: str, **params) -> dict:
        """Return the answer to a command; events that come before it are kept."""
        self._count += 1
        message = {"id": self._count, "method": method, "params": params}
        if self._session:
            message["sessionId"] = self._session
        os.write(self._commands, json.dumps(message).encode() + b"\0")
        while True:
            answer = self._read()
            if answer.get("id") == self._count:
                assert "error" not in answer, f"{method}: {answer['error']}"
                return answer["result"]
            self.events.append(answer)

    def run(self, script: str):
        """Return the value of an expression in JavaScript."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True)
        assert "exceptionDetails" not in answer, answer["exceptionDetails"]
        return answer["result"].get("value")

    def wait(self, condition: str) -> None:
        """Wait until an expression is true."""
        deadline = time.monotonic() + SECONDS
        while not self.run(condition):
            assert time.monotonic() < deadline, condition
            time.sleep(0.05)

    def resize(self, width: int) -> None:
        """Give the page another width in pixels."""
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=False)
        self.wait(f"window.innerWidth == {width}")

    def press(self, key: str, code: int, text: str = "") -> None:
        """Press a key and let it go."""
        for kind in ("keyDown", "keyUp"):
            self.call("Input.dispatchKeyEvent", type=kind, key=key, code=key, windowsVirtualKeyCode=code,
                      **({"text": text} if text and kind == "keyDown" else {}))

    def close(self) -> None:
        """End the browser and all that it started."""
        os.killpg(self._process.pid, signal.SIGKILL)
        self._process.wait()
        os.close(self._commands)
        os.close(self._answers)
        self._folder.cleanup()

    def _read(self) -> dict:
        while b"\0" not in self._unread:
            assert select.select([self._answers], [], [], SECONDS)[0], "Chromium: no answer"
            part = os.read(self._answers, 1 << 20)
            assert part, "Chromium: it ended"
            self._unread += part
        message, self._unread = self._unread.split(b"\0", 1)
        return json.loads(message)
