// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"testing"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/rest"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/gatewayconfig"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// idle is a mirror that does not run.
func idle(t *testing.T, o Options) *Mirror {
	t.Helper()
	if o.REST == nil {
		o.REST = &rest.Config{}
	}
	o.Namespace, o.Policy, o.ConfigName, o.Grants, o.Log = "gw", "jira", "config", grant.NewTable(), logr.Discard()
	o.OnConfig = func(*gatewayconfig.Config, []gatewayconfig.Secret) error { return nil }
	m, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// The store does not rely on the API's selectors: an update without the label is a deletion, and a deletion counts
// whatever the last state of the object looked like.
func TestHashStoreChecksTheLabel(t *testing.T) {
	m := idle(t, Options{})
	table := m.opts.Grants
	data, err := grant.Encode(&grant.Credential{
		ID: "id", Hash: [32]byte{1}, State: grant.Active,
		Token: grant.TokenReference{Namespace: "team", Name: "ci", UID: "uid"},
		Grant: grant.Grant{Owner: "alice", Scopes: []string{"read"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	ours := &corev1.Secret{
		ObjectMeta: metav1.ObjectMeta{Namespace: "gw", Name: "uid-0", Labels: map[string]string{v1alpha1.LabelPolicy: "jira"}},
		Type:       v1alpha1.SecretTypeTokenHash, Data: map[string][]byte{grant.DataKey: data},
	}
	without := ours.DeepCopy()
	without.Labels = nil
	theirs := ours.DeepCopy()
	theirs.Labels[v1alpha1.LabelPolicy] = "jira-2"
	elsewhere := ours.DeepCopy()
	elsewhere.Namespace = "other"
	for _, step := range []struct {
		what string
		do   func(any) error
		with *corev1.Secret
		want int
	}{
		{"added without a label", m.hashes.Add, without, 0},
		{"added for another policy", m.hashes.Add, theirs, 0},
		{"added in another namespace", m.hashes.Add, elsewhere, 0},
		{"added", m.hashes.Add, ours, 1},
		{"deleted in another namespace", m.hashes.Delete, elsewhere, 1},
		{"label lost", m.hashes.Update, without, 0},
		{"back", m.hashes.Update, ours, 1},
		{"another policy's", m.hashes.Update, theirs, 0},
		{"back again", m.hashes.Update, ours, 1},
		{"deleted without the label", m.hashes.Delete, without, 0},
		{"listed", func(o any) error { return m.hashes.Replace([]any{o}, "") }, ours, 1},
		{"listed in another namespace", func(o any) error { return m.hashes.Replace([]any{o}, "") }, elsewhere, 0},
		{"listed for another policy", func(o any) error { return m.hashes.Replace([]any{o}, "") }, theirs, 0},
	} {
		if err := step.do(step.with); err != nil || table.Len() != step.want {
			t.Errorf("%s: %v, %d tokens", step.what, err, table.Len())
		}
	}
}
