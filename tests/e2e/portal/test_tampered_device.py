"""What a device that has been tampered with cannot do from its pages, on the portal's origin and in a browser."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from playwright.sync_api import Browser

from gate.service.relay.proxy_rules import page_policy

DEVICE = "/relay/0123456789abcdef/"
SECRET = "what only the visitor's session may read"
PAGES = {
    DEVICE: ("text/html", '<title>waiting</title><script src="app.js"></script>'),
    DEVICE + "app.js": (
        "text/javascript",
        """
        const tell = (text) => { document.title = text };
        const escape = async () => {
          await navigator.serviceWorker.register('worker.js');
          await navigator.serviceWorker.ready;
          location = 'elsewhere.html';
        };
        fetch('/customers').then(() => tell('read at once'), () => escape().catch(() => tell('locked in')));
        """,
    ),
    DEVICE + "worker.js": (
        "text/javascript",
        """
        const page = `<script>fetch('/customers').then((answer) => answer.text())
          .then((text) => { document.title = text })</script>`;
        self.addEventListener('activate', (event) => event.waitUntil(clients.claim()));
        self.addEventListener('fetch', (event) => {
          if (event.request.mode === 'navigate')
            event.respondWith(new Response(page, {headers: {'Content-Type': 'text/html'}}));
        });
        """,
    ),
}


class _Portal(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        kind, text = PAGES.get(self.path, ("text/plain", SECRET))
        self.send_response(200)
        for name, value in page_policy("http", self.headers["Host"], DEVICE).items():
            if self.path.startswith(DEVICE):
                self.send_header(name, value)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text.encode())))
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, format: str, *args: object) -> None:
        pass


@pytest.fixture
def origin() -> Iterator[str]:
    """A site whose pages below DEVICE have the relay's policy, and whose others have something to hide."""
    with ThreadingHTTPServer(("127.0.0.1", 0), _Portal) as server:
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        serving.join()


def test_its_pages_do_not_shed_their_policy_by_a_service_worker(browser: Browser, origin: str) -> None:
    with browser.new_context() as context:
        page = context.new_page()
        page.goto(origin + DEVICE)
        page.wait_for_function("document.title !== 'waiting' && document.title !== ''", timeout=10_000)
        assert page.title() == "locked in"
