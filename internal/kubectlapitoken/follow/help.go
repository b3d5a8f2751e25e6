// SPDX-License-Identifier: Apache-2.0

package follow

const long = `Print what happens to ApiTokens as it happens, a line each: declared, changed, issued, rotated, retired,
expiring, unused, used, requests-refused, revoked; and live, suspended, expired, refused, waiting and
deleting when that begins, or begins to have another reason.

It goes on when the API server is restarted, and then tells what happened meanwhile, as far as that
can be seen: not what was undone again. How a token is used comes from the gateways' reports, which
are some minutes behind.

It takes the right to list and watch apitokens in the namespace, or with -A in all of them.

Exit codes: 0 ended by Ctrl-C or --timeout, 1 it could not be watched, 2 wrong usage.`

const examples = `  # Everything under one policy
  kubectl apitoken watch -A --policy jira-gateway/jira

  # Only what needs somebody's attention, for a program
  kubectl apitoken watch -A --event expiring,unused,refused,waiting -o json

  # Does this token's new credential arrive?
  kubectl apitoken watch -n marketing --event rotated,retired --timeout 10m`
