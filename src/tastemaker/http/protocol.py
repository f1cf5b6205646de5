"""uvicorn's HTTP protocol with a bound on the head of a request, which its C parser does not have."""

from typing import ClassVar

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class BoundedProtocol(HttpToolsProtocol):
    """Answers 400 to a request line and headers longer than `head_bytes_max`, and closes the connection."""

    head_bytes_max: ClassVar[int] = 1 << 16

    _in_head = True
    _head_bytes = 0

    def data_received(self, data: bytes) -> None:
        """Count the blocks that a head fills whole; the one it ends in may bring the body along."""
        was_in_head = self._in_head
        super().data_received(data)
        if was_in_head and self._in_head and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > self.head_bytes_max:
                self.send_400_response(f"The head of the request is longer than {self.head_bytes_max} bytes.")

    def on_message_begin(self) -> None:
        """A request begins."""
        self._in_head, self._head_bytes = True, 0
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        """The head has ended."""
        self._in_head = False
        super().on_headers_complete()


def bounded(head_bytes_max: int) -> type[BoundedProtocol]:
    """The protocol class with this bound."""
    return type("BoundedProtocol", (BoundedProtocol,), {"head_bytes_max": head_bytes_max})
