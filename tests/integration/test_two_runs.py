"""Two runs at once: one works, the other is refused and says who works."""

from ldap2scim.sandbox.service import EmbeddedService, Fault, FaultKind
from tests.integration.comparing import differences
from tests.integration.pairs import Pair
from tests.waiting import until


def test_a_second_run_is_refused_while_the_first_one_works(embedded_pair: Pair) -> None:
    """The second run ends at once with 3, names the holder of the lease and since when, and changes nothing."""
    program, service = embedded_pair.program, embedded_pair.service
    assert isinstance(service, EmbeddedService)
    service.faults.add(Fault(FaultKind.SLOW, seconds=0.2, method="POST", path="/Users", times=60))
    first = program.start("sync", "--apply")
    until(lambda: service.writes() or first.poll() is not None, "the first write")
    second = program("sync", "--apply")
    assert first.poll() is None, "the first run was too quick"
    assert second.code == 3, second.text
    assert f"process {first.pid}" in second.err
    assert " UTC" in second.err
    assert program("plan").code == 3
    out, err = first.communicate(timeout=120)
    assert first.returncode == 0, out + err
    assert differences(embedded_pair) == []
    assert program("sync").code == 0
