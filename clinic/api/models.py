"""What the API remembers of requests, so that a repeated one does nothing twice."""

from django.db import models

from clinic.people.models import User


class IdempotentRequest(models.Model):
    """The first answer to a POST with an `Idempotency-Key`, kept for 24 hours per user."""

    id = models.BigAutoField(primary_key=True)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    key = models.CharField(max_length=255)
    fingerprint = models.CharField(max_length=64, help_text="SHA-256 of method, path and body.")
    status_code = models.PositiveSmallIntegerField(null=True)
    body = models.TextField(blank=True, help_text="As it was sent, to the byte.")
    headers = models.JSONField(default=dict)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["user", "key"], name="idempotent_request_unique")]
        indexes = [models.Index(fields=["created_at"], name="idempotent_request_age")]

    def __str__(self) -> str:
        return self.key
