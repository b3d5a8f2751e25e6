// SPDX-License-Identifier: Apache-2.0

package suspend

const longSuspend = `Refuse tokens for a while: the gateway answers 401 and says that the token is suspended.

The credential stays as it is, and works again after kubectl apitoken resume. Where Git declares
spec.suspend, Git has the last word; the plugin says so.

It takes the right to get and patch apitokens (with flags that select: to list them). It asks first
where tokens are selected rather than named.

Exit codes: 0 suspended, 1 not suspended, 2 wrong usage, 3 done for some of the tokens, 5 there is no
such token, 6 the operator has not done it when --wait was over.`

const examplesSuspend = `  # Refuse one token, and wait until the operator has done it
  kubectl apitoken suspend zapier -n marketing --wait

  # All tokens of a Jira user who is on leave
  kubectl apitoken suspend -A --owner alice`

const longResume = `Let suspended tokens work again, with the credentials that they had.

It takes the right to get and patch apitokens (with flags that select: to list them). It asks first
where tokens are selected rather than named.

Exit codes: 0 resumed (with --wait: and the token works), 1 not resumed, 2 wrong usage, 3 done for some of
the tokens, 4 the token is refused all the same, 5 there is no such token, 6 it does not work yet.`

const examplesResume = `  # Let it work again, and wait until it does
  kubectl apitoken resume zapier -n marketing --wait`
