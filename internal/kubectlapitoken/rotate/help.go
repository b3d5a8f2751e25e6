// SPDX-License-Identifier: Apache-2.0

package rotate

const long = `Replace the credentials of tokens by new ones.

It asks the operator, by an annotation, for a new credential in the Secret that workloads mount. The
former one is accepted for the overlap that the token's spec.rotation says, so that programs have the
time to read the new one. The expiry of the token does not move.

With --now the former credential ends at once, as after a leak: the Secret is deleted, and the operator
issues it anew. Programs fail until they read it.

A token that was made elsewhere (spec.tokenHash) can't be made anew by the operator. With --local
another one is made on this machine, printed once (or written into --token-file), and its hash declared;
the former one ends once the operator has accepted that. For a token that the operator has made until
now, this ends its Secret as well: it asks first, and stops if the policy permits no such token.

It takes the rights to get and patch apitokens (with flags that select: to list them), and with --now to
get and delete secrets. It asks first where tokens are selected rather than named, and with --now. Of
those that are selected, it leaves out what has nothing to rotate: tokens that are expired, refused, or
made elsewhere.

Exit codes: 0 asked (with --wait: and done), 1 not done, 2 wrong usage, 3 done for some of the tokens,
4 the token is refused, 5 there is no such token, 6 the new credential was not there when --wait was over.`

const examples = `  # A new credential for one token, and wait for it
  kubectl apitoken rotate zapier -n marketing --wait

  # It may have leaked: end it now
  kubectl apitoken rotate zapier -n marketing --now --wait

  # After an incident: all tokens under a policy
  kubectl apitoken rotate --all-in-policy jira-gateway/jira

  # All tokens of team platform in a namespace, without being asked
  kubectl apitoken rotate -n dev -l team=platform --yes

  # Another token for a laptop
  kubectl apitoken rotate laptop -n dev --local --token-file ~/.config/jira.token.new`
