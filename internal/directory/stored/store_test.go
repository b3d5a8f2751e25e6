// SPDX-License-Identifier: Apache-2.0

package stored_test

import (
	"errors"
	"reflect"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/directory/stored"
	"github.com/jiratokens/jira-token-operator/internal/resources"
)

const large = 5_000

func TestKeepAndRead(t *testing.T) {
	p := newPolicy(t)
	if kept := afterRestart(t, p); kept.Snapshot != nil || kept.Damage != nil {
		t.Errorf("at first: %+v", kept)
	}
	s := newStore(plane.Client)
	first := people(noon, large)
	must(t, save(t.Context(), s, p, first))
	if kept := afterRestart(t, p); !reflect.DeepEqual(kept.Snapshot, first) {
		t.Fatal("not what was saved")
	}
	before := secrets(t, p)
	if len(before) < 3 {
		t.Fatalf("%d Secrets for %d users", len(before), large)
	}
	for name, secret := range before {
		size := 0
		for _, value := range secret.Data {
			size += len(value)
		}
		if size > 512<<10 || secret.Type != v1alpha1.SecretTypeDirectory || !metav1.IsControlledBy(secret, p) ||
			secret.Labels[v1alpha1.LabelPolicy] != "jira" || secret.Labels[resources.LabelManagedBy] != v1alpha1.ManagedBy ||
			stored.IsIndex(secret) != (name == "jira-directory") {
			t.Errorf("%s: %d bytes, %+v", name, size, secret.ObjectMeta)
		}
	}

	must(t, save(t.Context(), s, p, first))
	if after := secrets(t, p); !reflect.DeepEqual(before, after) {
		t.Error("what is the same was written again")
	}
	later := people(noon.Add(5*time.Minute), large)
	must(t, save(t.Context(), s, p, later))
	after := secrets(t, p)
	for name := range before {
		same := reflect.DeepEqual(before[name], after[name])
		if same == (name == "jira-directory") {
			t.Errorf("%s: unchanged is %v after a refresh without news", name, same)
		}
	}
	if a, b := before["jira-directory"], after["jira-directory"]; a.Annotations[stored.AnnotationContent] !=
		b.Annotations[stored.AnnotationContent] || b.Annotations[stored.AnnotationContent] == "" {
		t.Error("a refresh without news would wake all tokens")
	}
	if kept := afterRestart(t, p); !reflect.DeepEqual(kept.Snapshot, later) {
		t.Error("the refresh was lost")
	}
	one := people(noon.Add(5*time.Minute), large+1)
	must(t, save(t.Context(), s, p, one))
	replaced := 0
	for name := range secrets(t, p) {
		if after[name] == nil {
			replaced++
		}
	}
	if replaced != 1 || len(secrets(t, p)) != len(after) {
		t.Errorf("one new user replaced %d of %d shards", replaced, len(after)-1)
	}
}

// Wherever a manager is killed, the next one finds all of what was before or all of what is new.
func TestKilledWhileSaving(t *testing.T) {
	for writes := 0; ; writes++ {
		p := newPolicy(t)
		before, after := people(noon, large), people(noon, large/2)
		must(t, save(t.Context(), newStore(plane.Client), p, before))
		err := save(t.Context(), newStore(killedAfter(writes)), p, after)
		kept := afterRestart(t, p)
		switch {
		case kept.Damage != nil:
			t.Fatalf("killed after %d writes: %v", writes, kept.Damage)
		case err == nil && !reflect.DeepEqual(kept.Snapshot, after):
			t.Fatalf("killed after %d writes: saved, but not read", writes)
		case err != nil && (!errors.Is(err, errKilled) || !reflect.DeepEqual(kept.Snapshot, before)):
			t.Fatalf("killed after %d writes: %v; not as before", writes, err)
		}
		must(t, save(t.Context(), newStore(plane.Client), p, after))
		left := len(secrets(t, p))
		must(t, newStore(plane.Client).Sweep(t.Context(), p, time.Now()))
		if len(secrets(t, p)) != left {
			t.Error("Secrets that a manager may be about to name were swept away")
		}
		must(t, newStore(plane.Client).Sweep(t.Context(), p, time.Now().Add(2*time.Hour)))
		if kept := afterRestart(t, p); !reflect.DeepEqual(kept.Snapshot, after) || len(secrets(t, p)) != 3 {
			t.Fatalf("killed after %d writes: %d Secrets after sweeping, %v", writes, len(secrets(t, p)), kept.Damage)
		}
		if err == nil && writes > 8 {
			return
		}
	}
}

func TestTwoManagers(t *testing.T) {
	p := newPolicy(t)
	first, second := newStore(plane.Client), newStore(plane.Client)
	must(t, save(t.Context(), first, p, people(noon, large)))
	paused, err := second.Load(t.Context(), p)
	must(t, err)
	newer := people(noon.Add(time.Minute), large+1)
	must(t, save(t.Context(), first, p, newer))
	older := people(noon, 10)
	if err := second.Save(t.Context(), p, paused, older, "x"); !apierrors.IsConflict(err) {
		t.Errorf("a paused manager wrote: %v", err)
	}
	if kept := afterRestart(t, p); !reflect.DeepEqual(kept.Snapshot, newer) {
		t.Error("what the other manager wrote is gone", kept.Damage)
	}
	// Both begin.
	p = newPolicy(t)
	a, err := first.Load(t.Context(), p)
	must(t, err)
	b, err := second.Load(t.Context(), p)
	must(t, err)
	must(t, first.Save(t.Context(), p, a, newer, "x"))
	if err := second.Save(t.Context(), p, b, older, "x"); !apierrors.IsAlreadyExists(err) {
		t.Error(err)
	}
	if kept := afterRestart(t, p); !reflect.DeepEqual(kept.Snapshot, newer) {
		t.Error("what the other manager wrote is gone", kept.Damage)
	}
}

// What was read for a policy does not count for its successor of the same name.
func TestAnotherPolicyOfTheSameName(t *testing.T) {
	p := newPolicy(t)
	reader := stored.NewReader(plane.Client)
	must(t, save(t.Context(), newStore(plane.Client), p, people(noon, 10)))
	if s, err := reader.Of(t.Context(), p); s == nil || err != nil {
		t.Fatal(s, err)
	}
	successor := p.DeepCopy()
	successor.UID = "another"
	if s, err := reader.Of(t.Context(), successor); s != nil || err != nil {
		t.Error("believed", s, err)
	}
	without := p.DeepCopy()
	without.Spec.Directory = nil
	if s, err := reader.Of(t.Context(), without); s != nil || err != nil {
		t.Error("read without spec.directory", s, err)
	}
}

func TestClear(t *testing.T) {
	p := newPolicy(t)
	other := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{
		Namespace: p.Namespace, Name: "jira-directory-credential", Labels: map[string]string{
			v1alpha1.LabelPolicy: "jira", resources.LabelComponent: "directory",
		},
	}}
	must(t, plane.Client.Create(t.Context(), other))
	s := newStore(plane.Client)
	must(t, save(t.Context(), s, p, people(noon, large)))
	must(t, s.Clear(t.Context(), p))
	if left := secrets(t, p); len(left) != 1 || left[other.Name] == nil {
		t.Errorf("left: %v", left)
	}
	must(t, s.Clear(t.Context(), p))
}
