"""Any sequence of operations of several systems has the answers that a small model has.

The model (harness/model.py) is the specification in two hundred lines. Hypothesis makes up the
sequences, the same ones in every run; one that fails is shortened to the operations that matter. Every
sequence starts from an empty registry: what the one before left is revoked first.
"""

from __future__ import annotations

import datetime
import json

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from harness.conformance import Callers, Stage
from harness.judge import answer_faults
from harness.model import Model
from harness.operations import DIALECTS, sequences, step_of

EXAMPLES = 300
STEPS = 40
REACHED = {  # what the sequences must have come across, or they prove little
    "register_service": {201}, "revoke_service": {200, 204, 403}, "lookup_services": {200, 400},
    "register_system": {200, 201, 400}, "revoke_system": {200, 204}, "lookup_systems": {200},
    "register_device": {200, 201, 400}, "revoke_device": {200, 204, 423}, "lookup_devices": {200},
}


class Player:
    """Plays sequences against a server and, beside it, against the model."""

    def __init__(self, stage: Stage, dialect, automatic: bool):
        self.stage = stage
        self.dialect = dialect
        self.automatic = automatic
        self.seen: dict[str, set] = {operation: set() for operation in REACHED}
        self.failure = ""

    def empty(self) -> None:
        """Revokes whatever an earlier sequence left."""
        paths = [(who, "system-discovery/revoke") for who in self.dialect.systems]
        paths += [(self.dialect.systems[0], f"device-discovery/revoke/{name}")
                  for name in self.dialect.devices]
        for who, path in paths:
            answer = self.stage.send({"as": who, "do": f"DELETE /serviceregistry/{path}"})
            assert answer.status in (200, 204), answer

    def faults(self, sequence) -> str:
        """What is wrong with the first answer that is not the model's, and how it came to that."""
        self.empty()
        model = Model(self.dialect, self.automatic)
        story = []
        for operation in sequence:
            step = step_of(model, *operation)
            self.seen[operation[0]].add(step["status"])
            story.append(f"{step['as']}: {step['do']} {json.dumps(step.get('body'))}")
            unordered = ["/entries"] if operation[0].endswith("systems") else []
            found = answer_faults(step, self.stage.send(step), unordered)
            if found:
                return "\n".join([*story, *found])
        return ""

    def shortened(self, sequence, faults: str) -> str:
        """The faults of the sequence without the operations that it fails without, too."""
        for place in reversed(range(len(sequence))):
            fewer = sequence[:place] + sequence[place + 1:]
            found = self.faults(fewer)
            if found:
                sequence, faults = fewer, found
        return faults

    def play(self, sequence) -> None:
        """Fails where the answers differ. One failure is enough: all that is played after it fails
        with the same words, so that Hypothesis ends at once."""
        faults = self.failure or self.faults(sequence)
        if faults and not self.failure:
            self.failure = self.shortened(sequence, faults)
        if self.failure:
            raise AssertionError(self.failure)


@pytest.mark.parametrize("name, registration", [("5.0", "automatic"), ("5.2", "required")])
def test_operations_answer_as_the_model(quiver, pki, name, registration):
    server = quiver.start(dialect=name, registry={"provider_registration": registration})
    stage = Stage(server, Callers(pki))
    player = Player(stage, DIALECTS[name], registration == "automatic")

    @settings(max_examples=EXAMPLES, derandomize=True, database=None, print_blob=False,
              deadline=datetime.timedelta(seconds=20), phases=[Phase.generate],
              report_multiple_bugs=False,
              suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
    @given(sequences(DIALECTS[name], STEPS))
    def play(sequence):
        player.play(sequence)

    try:
        play()
    finally:
        stage.close()
    missed = {what: REACHED[what] - player.seen[what] for what in REACHED}
    assert not any(missed.values()), f"never came about: {missed}"
