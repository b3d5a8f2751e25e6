// SPDX-License-Identifier: Apache-2.0

package stored_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/go-logr/logr"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/log"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory"
	"github.com/jiratokens/jira-token-operator/internal/directory/stored"
	"github.com/jiratokens/jira-token-operator/internal/test/controlplane"
)

var (
	plane *controlplane.Plane
	noon  = time.Date(2026, 11, 2, 12, 0, 0, 0, time.UTC)
)

func TestMain(m *testing.M) {
	log.SetLogger(logr.Discard())
	os.Exit(controlplane.Main(m, func(p *controlplane.Plane) { plane = p }))
}

func newPolicy(t *testing.T) *v1alpha1.TokenPolicy {
	t.Helper()
	p := &v1alpha1.TokenPolicy{
		ObjectMeta: metav1.ObjectMeta{Namespace: plane.Namespace(t), Name: "jira"},
		Spec: v1alpha1.TokenPolicySpec{
			Jira:              v1alpha1.JiraEndpoint{URL: "https://jira.internal/jira", PublicURL: "https://jira.example/jira"},
			Impersonation:     v1alpha1.Impersonation{OwnerTokens: &v1alpha1.OwnerTokens{}},
			AllowedNamespaces: v1alpha1.NamespaceSet{Names: []v1alpha1.NamespaceName{"marketing"}},
			Directory:         &v1alpha1.Directory{SecretRef: &v1alpha1.SecretReference{Name: "directory"}},
		},
	}
	must(t, plane.Client.Create(t.Context(), p))
	return p
}

// people is a Snapshot of one group. They have long keys, so that large are several shards.
func people(at time.Time, size int) *directory.Snapshot {
	accounts := make([]directory.Account, size)
	for i := range accounts {
		accounts[i] = directory.Account{Name: fmt.Sprint("user", i), Key: fmt.Sprint(strings.Repeat("K", 200), i), Active: true}
	}
	var s *directory.Snapshot
	return s.Merge(&directory.Reading{At: at, Groups: map[string][]directory.Account{"devs": accounts}}, directory.Hold{})
}

func newStore(c client.Client) *stored.Store {
	return &stored.Store{Client: c, Live: plane.Client, Random: rand.Reader}
}

// save loads and saves, as one pass of a manager does.
func save(ctx context.Context, s *stored.Store, p *v1alpha1.TokenPolicy, snapshot *directory.Snapshot) error {
	kept, err := s.Load(ctx, p)
	if err != nil {
		return err
	}
	return s.Save(ctx, p, kept, snapshot, snapshot.Content(noon, time.Hour))
}

// afterRestart is what a new manager finds, and its webhook.
func afterRestart(t *testing.T, p *v1alpha1.TokenPolicy) *stored.Kept {
	t.Helper()
	kept, err := newStore(plane.Client).Load(t.Context(), p)
	must(t, err)
	read, err := stored.NewReader(plane.Client).Of(t.Context(), p)
	must(t, err)
	if !reflect.DeepEqual(read, kept.Snapshot) {
		t.Errorf("the webhook reads %v, the manager %v", read, kept.Snapshot)
	}
	return kept
}

func secrets(t *testing.T, p *v1alpha1.TokenPolicy) map[string]*corev1.Secret {
	t.Helper()
	var list corev1.SecretList
	must(t, plane.Client.List(t.Context(), &list, client.InNamespace(p.Namespace)))
	out := map[string]*corev1.Secret{}
	for i := range list.Items {
		out[list.Items[i].Name] = &list.Items[i]
	}
	return out
}

var errKilled = errors.New("killed")

// killedAfter is a manager's client that does so many writes and then nothing more.
func killedAfter(writes int) client.Client {
	do := func(write func() error) error {
		writes--
		if writes < 0 {
			return errKilled
		}
		return write()
	}
	return interceptor.NewClient(plane.Client, interceptor.Funcs{
		Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
			return do(func() error { return c.Create(ctx, o, opts...) })
		},
		Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
			return do(func() error { return c.Update(ctx, o, opts...) })
		},
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			return do(func() error { return c.Delete(ctx, o, opts...) })
		},
	})
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
