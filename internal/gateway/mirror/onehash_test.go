// SPDX-License-Identifier: Apache-2.0

package mirror

import (
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
)

// Two ApiTokens can declare one hash, and the manager sees to it that one of their credentials works at a time. Whatever
// it writes, a gateway never has the later credential beside the earlier one, nor in its place before it was written
// anew; and the manager does write it anew when it may work.
func TestOneHashOfTwoTokens(t *testing.T) {
	m := idle(t, Options{})
	earlier, later := time.Unix(1000, 0), time.Unix(1001, 0)
	secret := func(owner string, state grant.State, at time.Time) *corev1.Secret {
		data, err := grant.Encode(&grant.Credential{
			ID: "own-12345678", Hash: [32]byte{1}, State: state,
			Token: grant.TokenReference{Namespace: "team", Name: owner, UID: types.UID(owner)},
			Grant: grant.Grant{Owner: owner, Scopes: []string{"read"}},
		})
		if err != nil {
			t.Fatal(err)
		}
		return &corev1.Secret{
			ObjectMeta: metav1.ObjectMeta{
				Namespace: "gw", Name: owner + "-0", Labels: map[string]string{v1alpha1.LabelPolicy: "jira"},
				CreationTimestamp: metav1.NewTime(at),
			},
			Type: v1alpha1.SecretTypeTokenHash, Data: map[string][]byte{grant.DataKey: data},
		}
	}
	alice, bob := secret("alice", grant.Active, earlier), secret("bob", grant.Active, later)
	replace := func(objects ...any) func(any) error {
		return func(any) error { return m.hashes.Replace(objects, "") }
	}
	for _, step := range []struct {
		what string
		do   func(any) error
		with *corev1.Secret
		want string // the owner whom the token acts as; empty: nobody
	}{
		{"alice's is created", m.hashes.Add, secret("alice", grant.Blocked, earlier), ""},
		{"and works", m.hashes.Update, alice, "alice"},
		{"bob's is created", m.hashes.Add, secret("bob", grant.Blocked, later), "alice"},
		{"bob's would work", m.hashes.Update, bob, "alice"},
		{"listed, bob's first", replace(bob, alice), nil, "alice"},
		{"alice's is deleted", m.hashes.Delete, alice, ""},
		{"bob's is written again", m.hashes.Update, bob, "bob"},
		{"alice's comes back", m.hashes.Add, alice, "bob"},
		{"bob's is blocked", m.hashes.Update, secret("bob", grant.Blocked, later), ""},
		{"and deleted", m.hashes.Delete, bob, ""},
		{"alice's is written again", m.hashes.Update, alice, "alice"},
	} {
		if err := step.do(step.with); err != nil {
			t.Fatal(err)
		}
		record, ok := m.opts.Grants.Lookup([32]byte{1})
		owner := record.Owner
		if record.Blocked || !ok {
			owner = ""
		}
		if owner != step.want {
			t.Errorf("%s: the token acts as %q, want %q", step.what, owner, step.want)
		}
	}
}
