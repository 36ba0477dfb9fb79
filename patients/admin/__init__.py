"""Patients in the console: who they are, what they signed, and two records of one person."""

from patients.admin.consents import ConsentAdmin, ConsentDocumentAdmin
from patients.admin.parts import AllergyAdmin, HistoryEntryAdmin
from patients.admin.patients import PatientAdmin

__all__ = ["AllergyAdmin", "ConsentAdmin", "ConsentDocumentAdmin", "HistoryEntryAdmin", "PatientAdmin"]
