"""Rules of approving put in force at once, as when two people agreed to them."""

from nostro.domain.policies.approval import ApprovalRules
from nostro.storage import policies
from nostro.storage.tenancy import tenant
from nostro.workflows import approval_terms
from nostro.workflows.context import Acting


def set_rules(acting: Acting, rules: ApprovalRules) -> None:
    policy_id, now = acting.world.ids.new(), acting.world.clock.now()
    with tenant(acting.tenant_id):
        policies.add(policy_id, rules, valid_from=now, changed_by="a test", reason="a test")
    approval_terms.apply_policy(acting, policy_id)
