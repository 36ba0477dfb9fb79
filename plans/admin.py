"""The console's pages of the course of care; each registers its jobs, sections and panels."""

import plans.consultations.admin
import plans.followups.admin
import plans.messages.admin
import plans.messages.today
import plans.messages.wordings.admin
import plans.protocols.admin
import plans.scheduling.admin
import plans.treatment.admin  # noqa: F401
