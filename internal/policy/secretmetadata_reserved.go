// SPDX-License-Identifier: Apache-2.0

package policy

import (
	"slices"
	"strings"
)

// reservedDomains are those of keys (with all domains below them) that other programs act on: they would take the
// token's Secret for theirs and prune or overwrite it, copy it into other namespaces or clusters, or put other values
// into it.
var reservedDomains = []string{
	// Kubernetes' own, with kubectl, kustomize, ApplySets and the hierarchical namespace controller.
	"kubernetes.io", "k8s.io", "x-k8s.io", "kpt.dev",
	// This operator.
	"jiratokens.io",
	// What deploys from Git, or keeps an inventory of what it has deployed.
	"argoproj.io", "akuity.io", "fluxcd.io", "weave.works", "helm.sh", "k14s.io", "carvel.dev", "werf.io", "kluctl.io",
	"tanka.dev", "qbec.io", "pulumi.com", "skaffold.dev", "harness.io", "configmanagement.gke.io", "configsync.gke.io",
	"cattle.io", "crossplane.io", "projectsveltos.io", "operatorframework.io", "operators.coreos.com", "openshift.io",
	"kopf.dev", "kopf.zalando.org",
	// What copies Secrets between namespaces or clusters; see also reservedWords.
	"mittwald.de", "emberstack.com", "kubed.appscode.com", "clustersecret.io", "clustersecret.com", "titansoft.com",
	"secretsync.ibm.com", "secrets.contentful.com", "kss-operator", "rumors", "kyverno.io", "clastix.io", "kiosk.sh", "loft.sh",
	"open-cluster-management.io", "karmada.io", "kubefed.io", "admiralty.io", "liqo.io", "submariner.io",
	// What writes or reads Secrets by their metadata: stores of secrets, certificates, service bindings, service meshes.
	"external-secrets.io", "bitnami.com", "cert-manager.io", "hashicorp.com", "banzaicloud.io", "banzaicloud.com",
	"bank-vaults.io", "secret.manager", "servicebinding.io", "service.binding", "istio", "istio.io",
}

// reservedWords are what the keys of replicators have in them, whatever their domain: there are too many to list.
var reservedWords = []string{"replicat", "reflect", "copy-to", "sync-to"}

// reservedKeys are keys without domain that are another's.
var reservedKeys = []string{"service.binding", "copy-secret", "pull-secret"}

// harmlessKeys describe an application and are acted on by nobody.
var harmlessKeys = []string{
	"app.kubernetes.io/name", "app.kubernetes.io/component", "app.kubernetes.io/part-of", "app.kubernetes.io/version",
}

// reservedKey tells whether no rule can allow a token to put a label or annotation of this key on its Secret.
func reservedKey(key string) bool {
	if slices.Contains(harmlessKeys, key) {
		return false
	}
	key = strings.ToLower(key)
	domain, _, prefixed := strings.Cut(key, "/")
	return slices.Contains(reservedKeys, key) ||
		slices.ContainsFunc(reservedWords, func(word string) bool { return strings.Contains(key, word) }) ||
		(prefixed && slices.ContainsFunc(reservedDomains, func(reserved string) bool {
			return domain == reserved || strings.HasSuffix(domain, "."+reserved)
		}))
}
