// SPDX-License-Identifier: Apache-2.0

package approve

const longApprove = `Approve what an ApiToken may do, where its policy's rule asks for that.

Shows whose token it is, what it may do, until when and who declared it, asks, and creates a
TokenApproval in the policy's namespace for exactly that. A token that is to do more later needs
another approval. Whoever declared a token can't approve it.

It takes the rights to get the ApiToken, and to create tokenapprovals in the policy's namespace.`

const examplesApprove = `  # Which tokens wait?
  kubectl apitoken list -A --reason ApprovalRequired

  # Show what the token zapier in namespace marketing may do, ask, and approve it
  kubectl apitoken approve zapier -n marketing --reason "OPS-123, reviewed with Carol"

  # In a script, which can't be asked
  kubectl apitoken approve zapier -n marketing --yes

  # Print the TokenApproval and create nothing
  kubectl apitoken approve zapier -n marketing --dry-run=client -o yaml`

const longDeny = `Deny what an ApiToken may do, where its policy's rule asks for an approval.

Shows whose token it is, what it may do, until when and who declared it, asks, and creates a
TokenApproval with the decision Deny in the policy's namespace. It outweighs every approval of
the same, also one that was given before; to take it back, delete that TokenApproval.

It takes the rights to get the ApiToken, and to create tokenapprovals in the policy's namespace.`

const examplesDeny = `  # Show what the token zapier in namespace marketing may do, ask, and deny it
  kubectl apitoken deny zapier -n marketing --reason "No such integration is planned"

  # Take a denial back
  kubectl get tokenapprovals -n jira-gateway
  kubectl delete tokenapproval marketing-zapier-x7k2p -n jira-gateway`
