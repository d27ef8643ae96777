"""What the process takes of the machine."""

from asudfd.process.metrics import Metrics


def test_metrics_are_plausible() -> None:
    metrics = Metrics()
    metrics.tick()
    available, percent = metrics.free()
    assert 1000 < metrics.resident() <= metrics.mapped()
    assert available > 0
    assert 0 < percent <= 100
    assert metrics.cpu_percent >= 0
