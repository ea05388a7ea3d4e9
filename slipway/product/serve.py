"""The `serve` section: where and how the champion listens."""

from pydantic import Field

from slipway.product.section import Section


class Serve(Section):
    """Where and how the champion listens."""

    host: str = "127.0.0.1"
    """Address to listen on; 0.0.0.0 is every interface."""

    port: int = Field(default=8000, ge=0, le=65_535)
    """Port to listen on; 0 takes a free one and prints it."""

    threads: int = Field(default=1, ge=1, le=256)
    """Threads of one inference (onnxruntime's intra_op_num_threads)."""

    max_records: int = Field(default=10_000, ge=1)
    """Records of one request at most; more gets 413."""

    max_body_mib: float = Field(default=32, gt=0)
    """Size of one request at most, in MiB; more gets 413."""
