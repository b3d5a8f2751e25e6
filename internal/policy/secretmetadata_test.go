// SPDX-License-Identifier: Apache-2.0

package policy_test

import (
	"strings"
	"testing"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/policy"
)

// TestSecretKeysAreAllowed: by the whole key or by its beginning, and labels apart from annotations.
func TestSecretKeysAreAllowed(t *testing.T) {
	p := limited(func(l *v1alpha1.Limits) {
		l.SecretLabels = []v1alpha1.MetadataKeyPattern{"team", "example.com/*"}
		l.SecretAnnotations = []v1alpha1.MetadataKeyPattern{"note*"}
	})
	for _, c := range []struct {
		labels, annotations []string
		permitted           bool
	}{
		{nil, nil, true},
		{[]string{"team"}, nil, true},
		{[]string{"example.com/a", "example.com/b"}, nil, true},
		{nil, []string{"note", "notes"}, true},
		{[]string{"Team"}, nil, false},
		{[]string{"teams"}, nil, false},
		{[]string{"example.com.evil/a"}, nil, false},
		{[]string{"team", "other"}, nil, false},
		{[]string{"note"}, nil, false},
		{nil, []string{"team"}, false},
	} {
		got := verdictOf(t, p, nil, request(func(r *policy.Request) { r.SecretLabels, r.SecretAnnotations = c.labels, c.annotations }))
		if permitted := got.Verdict == policy.Permitted; permitted != c.permitted {
			t.Errorf("labels %v, annotations %v: %s", c.labels, c.annotations, got.Message)
		}
	}
}

// TestReservedSecretKeys: not even a rule that allows everything allows these.
func TestReservedSecretKeys(t *testing.T) {
	p := limited(func(l *v1alpha1.Limits) {
		l.SecretLabels, l.SecretAnnotations = []v1alpha1.MetadataKeyPattern{"*"}, []v1alpha1.MetadataKeyPattern{"*"}
	})
	reserved := []string{
		"argocd.argoproj.io/instance", "argocd.argoproj.io/tracking-id", "argocd.argoproj.io/secret-type",
		"app.kubernetes.io/managed-by", "app.kubernetes.io/instance", "app.kubernetes.io/Name", "APP.kubernetes.io/name",
		"kustomize.toolkit.fluxcd.io/name", "helm.toolkit.fluxcd.io/namespace", "image.fluxcd.io/x", "fluxcd.io/sync-checksum",
		"meta.helm.sh/release-name", "helm.sh/hook", "kubectl.kubernetes.io/last-applied-configuration",
		"jiratokens.io/policy", "jiratokens.io/token-uid", "sub.jiratokens.io/x",
		"replicator.v1.mittwald.de/replicate-to", "reflector.v1.k8s.emberstack.com/reflection-allowed", "kubed.appscode.com/sync",
		"clustersecret.io/x", "clustersecret.com/x", "k8s-replicator/replicate-to", "reflector.havulv.io/namespaces",
		"replik8or.c0deltin.io/reflection-allowed", "example.com/replicate", "config.kubernetes.io/origin",
		"internal.config.kubernetes.io/path", "service.binding", "service.binding/uri", "servicebinding.io/x",
		"kubernetes.io/service-account.name", "config.k8s.io/owning-inventory", "propagate.hnc.x-k8s.io/select",
		"applyset.kubernetes.io/part-of", "kiosk.sh/x", "kopf.zalando.org/last-handled-configuration", "cert-manager.io/certificate-name",
		"reconcile.external-secrets.io/data-hash", "sealedsecrets.bitnami.com/managed", "vault.security.banzaicloud.io/vault-addr",
		"istio/multiCluster", "tanka.dev/environment", "kapp.k14s.io/app", "fleet.cattle.io/bundle-id",
		"configmanagement.gke.io/managed",
	}
	for _, key := range reserved {
		for _, change := range []func(*policy.Request){
			func(r *policy.Request) { r.SecretLabels = []string{"team", key} },
			func(r *policy.Request) { r.SecretAnnotations = []string{key} },
		} {
			got := verdictOf(t, p, nil, request(change))
			if got.Verdict != policy.NotPermitted || !strings.Contains(got.Message, `"`+key+`" is refused whatever the rule`) {
				t.Errorf("%s: %s", key, got.Message)
			}
		}
	}
	harmless := []string{
		"app.kubernetes.io/name", "app.kubernetes.io/component", "app.kubernetes.io/part-of", "app.kubernetes.io/version",
		"team", "example.com/team", "velero.io/exclude-from-backup", "reloader.stakater.com/match", "notkubernetes.io/x", "myhelm.sh/x",
		"kubernetes.io", "jenkins.io/credentials-type",
	}
	for _, key := range harmless {
		if got := verdictOf(t, p, nil, request(func(r *policy.Request) { r.SecretLabels = []string{key} })); got.Verdict != policy.Permitted {
			t.Errorf("%s: %s", key, got.Message)
		}
	}
}
