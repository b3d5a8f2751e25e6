// SPDX-License-Identifier: Apache-2.0

package create

const long = `Declare an ApiToken, which must not exist yet.

The operator makes the token and writes it into a Secret of the namespace. With --local the token
is made on this machine instead: it is printed once, to standard output or into a new file that
only you can read, and the cluster gets nothing but its SHA-256. The policy's rule must allow that
(limits.tokenHash). The token is never in a command line, a log or the cluster; if the ApiToken
can't be created, it is not printed.

--dry-run=client -o yaml prints the manifest for Git and asks no cluster; with --dry-run=server
the API server checks it, and the operator warns of what the policy would say.

It takes the right to create apitokens in the namespace, and with --wait to get them.

Exit codes: 0 created (with --wait: and works), 1 not created, 2 wrong usage, 4 created, and refused
(the message says why), 6 created, and not there yet when --wait was over.`

const examples = `  # A token for 30 days, that comments; wait until it works
  kubectl apitoken create zapier -n marketing --policy jira-gateway/jira --owner svc-zapier \
    --scopes read,write:comment --lifetime 720h --source-ranges 203.0.113.0/24 --wait

  # Its manifest for Git, replaced by a new credential each week
  kubectl apitoken create zapier -n marketing --policy jira-gateway/jira --owner svc-zapier \
    --scopes read --rotation-every 168h --overlap 24h --dry-run=client -o yaml

  # A token that only this machine has
  kubectl apitoken create laptop -n dev --policy jira-gateway/jira --owner alice --scopes read \
    --lifetime 720h --local --token-file ~/.config/jira.token

  # The same, straight into a password manager
  kubectl apitoken create laptop -n dev --policy jira-gateway/jira --owner alice --scopes read \
    --lifetime 720h --local | pass insert -e jira`
