// SPDX-License-Identifier: Apache-2.0

package cani

const long = `Say whether a TokenPolicy permits a token, and what each of its rules says.

The token need not exist: describe it with flags, or give its manifest with -f. Nothing is
created, and the answer is worked out here, by the same code as in the operator's manager.

The policy is read from the cluster, or from a file (--policy-file): then no cluster is asked
for anything, which suits a review in Git. What the answer depends on:

  who declares the token    who kubectl is (also with --as), or --requester
  the namespace's labels    read from the cluster, or --namespace-labels
  members of Jira's groups  read from the policy's namespace, by those who may read its Secrets;
                            else unknown, unless --member-of and --requester-member-of say
  the owner's other tokens  counted for maxTokensPerOwner, by those who may list ApiTokens and
                            get namespaces; each counts that might be permitted, whoever declared it

What can't be read is unknown, and makes an answer unknown where it matters.

Exit codes:
  0  permitted; the output says so if an approval is needed
  1  not permitted
  2  wrong usage, which includes a manifest or policy file that can't be used
  3  not known: the output says on what it depends, or what could not be read`

const examples = `  # May alice have a token that reads and writes for 30 days, declared by me in namespace dev?
  kubectl apitoken can-i --policy jira-gateway/jira --owner alice --scopes read,write --lifetime 720h -n dev

  # May the token of this manifest be declared by Flux's kustomize-controller?
  kubectl apitoken can-i -f token.yaml --requester system:serviceaccount:flux-system:kustomize-controller

  # Judge a policy in a pull request, without any cluster
  kubectl apitoken can-i --policy-file policy.yaml --owner svc-zapier --scopes read -n marketing \
    --namespace-labels team=platform --requester oidc:carol --requester-group platform-team

  # Suppose that the owner is in Jira's group developers, and in no other that the policy reads from Jira
  kubectl apitoken can-i -f token.yaml --member-of developers

  # Only the answer, for a script
  kubectl apitoken can-i -f token.yaml -o json | jq -r .answer`
