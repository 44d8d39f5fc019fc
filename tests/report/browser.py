"""A real browser without a window, driven through a pair of pipes: no network, no driver to install."""

import base64
import json
import os
import shutil
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Any, Self

BROWSER = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
QUIET = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--host-resolver-rules=MAP * ~NOTFOUND",
)


class Browser:
    """One page of a browser. Used in a `with`.

    Attributes:
        complaints: what stood on the console as a warning or an error, and scripts that were refused.
        asked: addresses that the page asked for, beside its own.
    """

    def __init__(self, scratch: Path) -> None:
        assert BROWSER is not None
        down, up = os.pipe(), os.pipe()
        flags = [*QUIET, "--remote-debugging-pipe", f"--user-data-dir={scratch / 'browser'}"]
        script = 'exec "$@" 3<&"$DOWN" 4>&"$UP"'
        self._process = subprocess.Popen(
            ["bash", "-c", script, "bash", BROWSER, *flags],
            env={**os.environ, "DOWN": str(down[0]), "UP": str(up[1])},
            pass_fds=(down[0], up[1]),
            stderr=subprocess.DEVNULL,
        )
        os.close(down[0])
        os.close(up[1])
        self._down, self._up = os.fdopen(down[1], "wb", buffering=0), os.fdopen(up[0], "rb")
        self._number, self._rest, self._session = 0, b"", ""
        self._events: list[dict[str, Any]] = []
        self.complaints: list[str] = []
        self.asked: list[str] = []
        page = self.tell("Target.createTarget", url="about:blank")["targetId"]
        self._session = self.tell("Target.attachToTarget", targetId=page, flatten=True)["sessionId"]
        for part in ("Page", "Runtime", "Log", "Network"):
            self.tell(f"{part}.enable")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.kill()
        self._process.wait()
        self._down.close()
        self._up.close()

    def tell(self, method: str, **parameters: Any) -> Any:
        """Ask the browser to do something; what it answers."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        message |= {"sessionId": self._session} if self._session else {}
        self._down.write(json.dumps(message).encode() + b"\0")
        while True:
            heard = self._hear()
            if heard.get("id") == self._number:
                assert "error" not in heard, heard
                return heard["result"]

    def visit(self, page: Path) -> None:
        """Open a file, and wait until it is there."""
        self._events.clear()
        self.tell("Page.navigate", url=page.as_uri())
        while not any(event.get("method") == "Page.loadEventFired" for event in self._events):
            self._hear()

    def value(self, expression: str) -> Any:
        """What an expression is in the page."""
        found = self.tell("Runtime.evaluate", expression=expression, returnByValue=True)
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    def press(self, key: str) -> None:
        """Press a key: `Tab`, `Enter` or a space."""
        code = {"Tab": 9, "Enter": 13, " ": 32}[key]
        text = {"text": "\r" if key == "Enter" else key} if key != "Tab" else {}
        self.tell("Input.dispatchKeyEvent", type="keyDown", key=key, windowsVirtualKeyCode=code, **text)
        self.tell("Input.dispatchKeyEvent", type="keyUp", key=key, windowsVirtualKeyCode=code)

    def look(self, width: int, *, dark: bool = False, height: int = 900, phone: bool = False) -> None:
        """Be a screen of this size."""
        scheme = [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]
        self.tell("Emulation.setEmulatedMedia", features=scheme)
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": phone}
        self.tell("Emulation.setDeviceMetricsOverride", **size)

    def picture(self, path: Path) -> None:
        """A picture of what the screen shows."""
        data = self.tell("Page.captureScreenshot", format="png")["data"]
        path.write_bytes(base64.b64decode(data))

    def _hear(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            more = self._up.read1(1 << 16)  # type: ignore[attr-defined]  # a reader has it
            assert more, "the browser is gone"
            self._rest += more
        line, _, self._rest = self._rest.partition(b"\0")
        heard: dict[str, Any] = json.loads(line)
        self._note(heard.get("method", ""), heard.get("params", {}))
        self._events.append(heard)
        return heard

    def _note(self, method: str, told: dict[str, Any]) -> None:
        if method == "Runtime.exceptionThrown":
            self.complaints.append(json.dumps(told["exceptionDetails"]))
        elif method == "Runtime.consoleAPICalled" and told["type"] in ("error", "warning", "assert"):
            self.complaints.append(json.dumps(told["args"]))
        elif method == "Log.entryAdded" and told["entry"]["level"] in ("error", "warning"):
            self.complaints.append(told["entry"]["text"])
        elif method == "Network.requestWillBeSent":
            url = told["request"]["url"]
            if url != told["documentURL"] and not url.startswith("data:"):
                self.asked.append(url)
