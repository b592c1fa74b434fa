"""Every fault that the teeth test plants, by its name."""

from attack import faults_in_auth, faults_in_common, faults_in_input
from attack.fault import FAULTS

__all__ = ["FAULTS", "faults_in_auth", "faults_in_common", "faults_in_input"]
