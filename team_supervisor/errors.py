"""What can go wrong that a person must hear of, and with which exit code?"""


class TeamError(Exception):
    """Something a person can mend; the message is one sentence that says how."""

    exit_code = 1


class UsageError(TeamError):
    """The command line or a settings file asks for something that makes no sense."""

    exit_code = 2


class WorkspaceBusy(TeamError):
    """Another supervisor holds this workspace."""

    exit_code = 4
