"""What Today says where mail does not flow."""

from clinic.access.roles import Role
from clinic.console.reader import Reader
from clinic.console.registry import Block, today_section
from plans.messages.health import standstills


@today_section(3)
def standing_still(who: Reader) -> Block | None:
    """Why mail does not leave and what to do, for who has to explain it to patients or gets it mended."""
    if not who.has(Role.MANAGER, Role.FRONT_DESK):
        return None
    found = standstills()
    if not found:
        return None
    return Block("Mail is at a standstill", "console/panels/standstill.html", {"found": found}, is_wide=True)
