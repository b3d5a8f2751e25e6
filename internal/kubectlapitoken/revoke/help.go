// SPDX-License-Identifier: Apache-2.0

package revoke

const long = `End tokens for good: their ApiTokens are deleted, and the operator ends their credentials at once.

By name, by labels, by owner, or by the token itself on standard input (--stdin), such as one that was
found in a repository. That token is hashed here and sent nowhere; all ApiTokens whose credential it is
are found by their status, and by the hash as far as you may read the policies' Secrets. An ApiToken that
only declares its hash is named, and left to be revoked by name.

After a restore of etcd, tokens that were revoked since the backup work again. --revoked-in reads the
manager's audit trail, finds those by their UIDs, and revokes them again. What else was undone (tokens that
were suspended or denied, credentials that were replaced, policies that were changed) it names and leaves.

Where a GitOps tool declares a token, it will declare it again, and a new credential will be issued:
remove it in Git, or use --deny, which adds the token (with --owner: the owner) to the policy's
spec.deny first. While the operator is down nothing ends a credential but its hash Secret: --now
deletes that as well, and the gateways follow at once. A declared hash (spec.tokenHash) takes --deny, too:
whoever may declare ApiTokens could have the same token accepted again.

It shows what will be revoked, and asks. It takes the rights to get (or list) and delete apitokens; with
--deny to get and patch tokenpolicies, with --now to list and delete secrets, both in the policy's
namespace; --revoked-in lists tokenpolicies, too.

Exit codes: 0 revoked (or, with --owner, --policy and --deny, denied; --revoked-in: nothing is left), 1
not revoked, 2 wrong usage, 3 done for some of the tokens (--stdin: the token may be accepted all the
same; --revoked-in: the rest is named), 5 there is no such token, 6 not done yet when --wait was over.`

const examples = `  # One token, and wait until it is refused
  kubectl apitoken revoke zapier -n marketing --wait

  # A token that was found somewhere: whose is it?
  pbpaste | kubectl apitoken revoke --stdin --dry-run=server

  # ... and end it; the plugin reads it without showing it
  kubectl apitoken revoke --stdin

  # All tokens of somebody who has left, also those that Git would bring back
  kubectl apitoken revoke -A --owner bob --deny

  # etcd was restored: end again what was revoked since the backup
  kubectl apitoken revoke --revoked-in audit.log --wait

  # The operator is down
  kubectl apitoken revoke zapier -n marketing --now`
