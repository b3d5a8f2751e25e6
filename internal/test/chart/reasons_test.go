// SPDX-License-Identifier: Apache-2.0

package chart

// reasons say why an account needs what it may, if need be with the place first: in the manager's own namespace, in one that is
// being deleted, or at a gateway.
var reasons = map[string]string{
	"apitokens.jiratokens.io":                "what people declare; patch: its finalizer, and the note of a request that was handled",
	"apitokens.jiratokens.io/finalizers":     "owner references of tokens' Secrets, where the cluster restricts them",
	"apitokens.jiratokens.io/status":         "what became of it",
	"tokenpolicies.jiratokens.io":            "what is permitted; patch: its finalizer",
	"tokenpolicies.jiratokens.io/finalizers": "owner references of gateways' objects, where the cluster restricts them",
	"tokenpolicies.jiratokens.io/status":     "what became of it",
	"tokenapprovals.jiratokens.io":           "what approvers decided; delete: decisions about tokens that are gone",
	"secrets": "hashes of credentials, tokens for workloads, gateways' configuration, what Jira said of groups and users; " +
		"RBAC can't narrow a list to some Secrets",
	"ending apitokens.jiratokens.io":         "their finalizers: the Role may go before them with its namespace",
	"ending tokenpolicies.jiratokens.io":     "their finalizers: the Role may go before them with its namespace",
	"own secrets":                            "keys by which the manager signs who declared a token; the authorities of its webhook's certificate",
	"gateway secrets":                        "hashes of credentials, its configuration, Jira's credentials; RBAC can't narrow a list to some Secrets",
	"namespaces":                             "labels, for `allowedNamespaces` and rules that select by them",
	"services":                               "a gateway's object",
	"serviceaccounts":                        "a gateway's object",
	"deployments.apps":                       "a gateway's object",
	"networkpolicies.networking.k8s.io":      "a gateway's object",
	"poddisruptionbudgets.policy":            "a gateway's object",
	"roles.rbac.authorization.k8s.io":        "a gateway's object; Kubernetes lets the manager grant nothing that it may not do itself",
	"rolebindings.rbac.authorization.k8s.io": "a gateway's object",
	"mutatingwebhookconfigurations.admissionregistration.k8s.io": "the `caBundle` of its own webhook",
	"tokenreviews.authentication.k8s.io":                         "which gateway reports the use of tokens",
	"events.events.k8s.io":                                       "events about tokens and policies",
	"events":                                                     "events about the leader election",
	"leases.coordination.k8s.io":                                 "the leader election",
}
