"""Diagnosis: what did an agent learn, and for the right reason? One module per question.

Everything works on a `Policy`: any recurrent policy of Stable-Baselines3, or anything else that makes outputs and a
next state of a frame and a state.
"""

from kindergarten.agents.diagnose.examination import diagnose, prepare
from kindergarten.agents.diagnose.finding import FULL, QUICK, Effort, Finding, Verdict
from kindergarten.agents.diagnose.policy import Policy, RecurrentPolicy

__all__ = ["FULL", "QUICK", "Effort", "Finding", "Policy", "RecurrentPolicy", "Verdict", "diagnose", "prepare"]
