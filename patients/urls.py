"""The addresses of the patients package below `/api/v1/`."""

from clinic.api.router import Route
from patients.api import ConsentDocumentViewSet, ConsentViewSet, PatientViewSet

routes: list[Route] = [
    ("patients", PatientViewSet),
    ("consents", ConsentViewSet),
    ("consent-documents", ConsentDocumentViewSet),
]
