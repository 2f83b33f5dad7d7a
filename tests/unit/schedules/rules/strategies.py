"""Protocols that hypothesis makes up: every one of them is valid."""

from hypothesis import strategies as st

from schedules.rules.protocol import REGIONS, Definition, Exam, Phase

EXAMS = st.builds(
    Exam,
    modality=st.sampled_from(["CT", "MR"]),
    regions=st.lists(st.sampled_from(REGIONS), min_size=1, unique=True).map(tuple),
)


@st.composite
def definitions(draw: st.DrawFn) -> Definition:
    """Draw one to four phases that follow on one another."""
    pool = draw(st.lists(EXAMS, min_size=1, max_size=3, unique=True))
    phases: list[Phase] = []
    for _ in range(draw(st.integers(1, 4))):
        after_month = phases[-1].up_to_month if phases else draw(st.integers(0, 12))
        every_months = draw(st.integers(1, 12))
        rest = draw(st.integers(0, every_months - 1))
        phases.append(
            Phase(
                after_month=after_month,
                up_to_month=after_month + every_months * draw(st.integers(1, 6)) + rest,
                every_months=every_months,
                opens_months_before=draw(st.integers(0, every_months - 1)),
                late_after_days=draw(st.integers(0, 26)),  # fits before any next window
                exams=tuple(draw(st.lists(st.sampled_from(pool), min_size=1, unique=True))),
            )
        )
    return Definition(tuple(phases))
