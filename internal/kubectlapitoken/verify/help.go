// SPDX-License-Identifier: Apache-2.0

package verify

const long = `Try a token from here: does it work, as whom, and if not, why not?

The token is read from standard input (from a terminal without showing it) or from the Secret that the
operator wrote; never from the command line. Its form and checksum are checked first. Then it is sent,
once, with GET /rest/api/2/myself to the gateway, which counts that as a use; the user whom Jira answers
must be the owner. That request needs the scope read:user: a token without it is told by the gateway's
answer that names the scope.

It takes no right in the cluster but to get the Secret (--secret) or the policy (--policy).

Exit codes: 0 it works, 1 it could not be tried, 2 wrong usage, 3 not known (the gateway can't be reached,
or Jira does not answer), 4 it does not work, 5 the Secret or policy does not exist.`

const examples = `  # Does the token in this Secret work from this machine?
  kubectl apitoken verify --secret zapier-jira -n marketing

  # A token of your own, typed or pasted without showing it
  kubectl apitoken verify --url https://jira.example/jira

  # From a file
  kubectl apitoken verify --url https://jira.example/jira --ca-file ca.pem < ~/.config/jira.token

  # Was it cut or mistyped? Nothing is sent
  kubectl apitoken verify --offline < ~/.config/jira.token`
