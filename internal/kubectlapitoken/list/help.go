// SPDX-License-Identifier: Apache-2.0

package list

const long = `List ApiTokens by owner, policy, state, scope, age, expiry or last use.

All filters that are given must match. Times are a time (2027-01-31T00:00:00Z), a day (2027-01-31),
or a length of time (12h, 30d, 8w), which counts from now: into the past for --created-* and
--last-used-*, into the future for --expires-*. A token that was never used counts for
--last-used-before from its creation. What the gateways report of a token's use is some minutes
behind, and nothing where the policy has that disabled.

  STATE      means
  live       requests with it are let through
  suspended  spec.suspend is set
  expired    its expiry has passed
  refused    the policy, an approver or Jira's directory refuses it, or it needs a person to act
  waiting    for an approval, the policy, the directory, or the operator
  deleting   it is being deleted

It takes the right to list apitokens in the namespace, or with -A in all of them. The list is read
in pages of 500.

Exit codes: 0 listed, be it none; 1 not listed, 2 wrong usage.`

const examples = `  # All tokens of Jira user alice
  kubectl apitoken list -A --owner alice

  # Tokens that expire within two weeks, the first one first
  kubectl apitoken list -A --state live --expires-before 14d --sort-by expires

  # Tokens that nobody has used for 90 days
  kubectl apitoken list -A --state live --last-used-before 90d

  # Who can administer Jira with a token?
  kubectl apitoken list -A --scope admin -o wide

  # Whose token was that, in the gateway's audit log?
  kubectl apitoken list -A --credential 4Zq0m8bVt1Xc

  # What waits for an approval under one policy?
  kubectl apitoken list -A --policy jira-gateway/jira --reason ApprovalRequired

  # Suspend what is not used any more
  kubectl apitoken list -n marketing --unused -o name | xargs -n1 basename | xargs kubectl apitoken suspend -n marketing --yes`
