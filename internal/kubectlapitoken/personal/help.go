// SPDX-License-Identifier: Apache-2.0

package personal

const long = `List who still uses passwords, sessions and Jira's own tokens, as the gateways of a policy with
spec.personalCredentials have counted it since they were started:

  CLASS      the class of spec.personalCredentials that it is
  OUTCOME    audit: passes in Audit, and Enforce would refuse it; refused, exempt or allowed
  USER       whom Jira took the caller for; - if Jira named nobody. The name beside a wrong or
             refused password is shown only if Jira has answered with it before: people type
             passwords there
  CLIENT     the name in the user agent, without its version
  PATH       the path, with * in place of keys, ids and names

Each gateway pod is asked, as kubectl port-forward would. You need the rights to list pods and
to create pods/portforward in the policy's namespace.

Exit codes:
  0  all gateways have answered
  1  none has, or there is none
  2  wrong usage
  3  some have not: the output says which, and lacks what they know`

const examples = `  # Whom would Enforce refuse?
  kubectl apitoken usage --policy jira-gateway/jira --outcome audit

  # Everything, for a script
  kubectl apitoken usage --policy jira-gateway/jira -o json | jq -r '.entries[] | select(.class == "basic") | .user'`
