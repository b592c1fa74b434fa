"""Who may look into the trail."""

from common.policy import Policy

READ_TRAIL = Policy(name="read the audit trail", roles=frozenset({"admin"}), vital=True)
READ_OWN_TRAIL = Policy(name="read the audit trail of one's own record", roles=frozenset({"patient"}))
