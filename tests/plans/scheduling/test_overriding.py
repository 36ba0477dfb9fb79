from uuid import uuid4

import pytest

from plans.scheduling.services.overriding import Override


@pytest.mark.parametrize("reason", ["", " \n", "\u200b", "\u2060\ufeff", "\u00ad\u200e", "\u3164"])
def test_a_reason_that_nobody_sees_overrides_nothing(reason):
    assert Override.of(reason, None, uuid4()) == Override()
