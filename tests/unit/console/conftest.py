"""What every test of the desks holds their templates to."""

from tests.support.templates import no_template_names_what_is_not_there

__all__ = ["no_template_names_what_is_not_there"]
