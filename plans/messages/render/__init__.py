"""What a mail says: values in, a rendered mail out. It names neither what is treated nor how, nor with whom.

Mail travels through other people's hands: greeting by first name, time, place, phone and links are all that stands in
it. The words of each family of kinds come from one function (`words`), and all share one layout (`html`).
"""

from plans.messages.render.calendar import Entry, calendar_file
from plans.messages.render.dates import zone_label
from plans.messages.render.lines import one_line
from plans.messages.render.mail import LANGUAGES, Logo, Mail, Place, RenderedMail
from plans.messages.render.rendering import render, standard_wording

__all__ = [
    "LANGUAGES",
    "Entry",
    "Logo",
    "Mail",
    "Place",
    "RenderedMail",
    "calendar_file",
    "one_line",
    "render",
    "standard_wording",
    "zone_label",
]
