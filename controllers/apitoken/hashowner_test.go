// SPDX-License-Identifier: Apache-2.0

package apitoken

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/util/workqueue"
	ctrl "sigs.k8s.io/controller-runtime"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/controller-runtime/pkg/client/interceptor"
	"sigs.k8s.io/controller-runtime/pkg/event"
	"sigs.k8s.io/controller-runtime/pkg/handler"
	"sigs.k8s.io/controller-runtime/pkg/reconcile"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/policy"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

// onDelete calls before for each deletion.
func onDelete(c client.Client, before func(client.Object)) client.Client {
	return interceptor.NewClient(watchable{c}, interceptor.Funcs{
		Delete: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.DeleteOption) error {
			before(o)
			return c.Delete(ctx, o, opts...)
		},
	})
}

// tokenAfter makes a token that is younger than another.
func (w *world) tokenAfter(older *v1alpha1.ApiToken, name string, change ...func(*v1alpha1.ApiToken)) (young *v1alpha1.ApiToken) {
	w.Helper()
	w.eventually("a second has passed", func() bool {
		young = w.token(name, change...)
		if policy.ByAge(older, young) < 0 {
			return true
		}
		must(w, plane.Client.Delete(w.Context(), young))
		return false
	})
	return young
}

// inForce lists the ApiTokens whose credentials let requests through with a hash.
func (w *world) inForce(hash v1alpha1.TokenHash) []string {
	var list corev1.SecretList
	must(w, plane.Client.List(w.Context(), &list, client.InNamespace(w.policy.Namespace)))
	var names []string
	for i := range list.Items {
		c, err := grant.Decode(list.Items[i].Data[grant.DataKey])
		if err != nil || list.Items[i].Type != v1alpha1.SecretTypeTokenHash {
			continue
		}
		if text, _ := c.Hash.MarshalText(); string(text) == string(hash) && c.State == grant.Active {
			names = append(names, c.Token.Name)
		}
	}
	return names
}

// TestHashBelongsToOneToken: the later one is refused in words that name nothing foreign, and has the hash when it is free.
func TestHashBelongsToOneToken(t *testing.T) {
	w := newWorld(t, allowsHashes)
	hash := someHash(t)
	first := w.token("first-one", declaring(hash))
	w.accepted(first)
	second := w.tokenAfter(first, "second", declaring(hash), forAlice)
	w.stays(second, v1alpha1.ReasonHashTaken, 0)
	message := second.Status.Conditions[0].Message
	for _, foreign := range []string{first.Name, string(first.UID), "svc-ci", string(hash)[7:], first.Status.Credential.ID} {
		if strings.Contains(message, foreign) {
			t.Errorf("%q names %s", message, foreign)
		}
	}
	if w.condition(second, v1alpha1.ConditionStalled) != metav1.ConditionTrue {
		t.Errorf("conditions %+v", second.Status.Conditions)
	}
	w.accepted(first)
	must(t, plane.Client.Delete(t.Context(), first))
	w.waits(second, v1alpha1.ReasonHashPending) // its credential is still there
	w.eventually("it is revoked", func() bool { w.runAll(first); return len(w.slots(first)) == 0 })
	w.accepted(second)
}

func (w *world) runAll(tokens ...*v1alpha1.ApiToken) {
	for _, t := range tokens {
		w.manager.run(w, t)
	}
}

// TestNobodyTakesAHashAway: an older ApiToken that comes to declare the hash of a younger one, which anybody may read in
// its spec, would have its holders act as another owner.
func TestNobodyTakesAHashAway(t *testing.T) {
	w := newWorld(t, allowsHashes)
	old := w.token("old", declaring(someHash(t)), forAlice)
	w.accepted(old)
	hash := someHash(t)
	young := w.tokenAfter(old, "young", declaring(hash))
	w.accepted(young)
	version := w.slots(young)[0].secret.ResourceVersion
	edit(w, old, declaring(hash))
	w.stays(old, v1alpha1.ReasonHashTaken, 0) // its former hash is not declared any more
	w.stays(young, v1alpha1.ReasonIssued, 1)
	if w.slots(young)[0].secret.ResourceVersion != version {
		t.Error("its credential was touched")
	}
	edit(w, young, func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true }) // that gives nothing away either
	w.waits(young, v1alpha1.ReasonSuspended)
	w.stays(old, v1alpha1.ReasonHashTaken, 0)
}

// TestOldestDeclarationComesFirst, if it is permitted: who has no right to a token keeps nobody from one.
func TestOldestDeclarationComesFirst(t *testing.T) {
	w := newWorld(t, allowsHashes)
	hash := someHash(t)
	old := w.token("old", declaring(hash), func(t *v1alpha1.ApiToken) { t.Spec.Suspend = true })
	young := w.tokenAfter(old, "young", declaring(hash), forAlice)
	w.stays(young, v1alpha1.ReasonHashTaken, 0)
	edit(w, old, func(t *v1alpha1.ApiToken) { t.Spec.Scopes = []v1alpha1.Scope{"admin"} })
	w.accepted(young)
	edit(w, old, func(t *v1alpha1.ApiToken) { t.Spec.Scopes, t.Spec.Suspend = []v1alpha1.Scope{"read"}, false })
	w.stays(old, v1alpha1.ReasonHashTaken, 0)
}

// TestHashOfAnotherTokenThatWasIssued is nobody's to declare.
func TestHashOfAnotherTokenThatWasIssued(t *testing.T) {
	w := newWorld(t, allowsHashes)
	thief := w.token("thief", declaring(someHash(t)), forAlice)
	issued := w.tokenAfter(thief, "issued")
	plaintext := w.issued(issued)
	edit(w, thief, declaring(hashText(t, token.HashOf(plaintext))))
	w.stays(thief, v1alpha1.ReasonHashTaken, 0)
	w.stays(issued, v1alpha1.ReasonIssued, 1)
	if w.plaintext(issued) != plaintext || !w.liveMatches(issued) {
		t.Error("the issued token was touched")
	}
}

// TestDeletedHashSecretFreesNoHash: whoever breaks the glass means the token, whoever else declares it.
func TestDeletedHashSecretFreesNoHash(t *testing.T) {
	w := newWorld(t, allowsHashes)
	hash := someHash(t)
	old := w.token("old", declaring(someHash(t)))
	leaked := w.tokenAfter(old, "leaked", declaring(hash))
	w.accepted(leaked)
	edit(w, old, declaring(hash))
	young := w.tokenAfter(leaked, "young", declaring(hash))
	must(t, plane.Client.Delete(t.Context(), w.slots(leaked)[0].secret))
	w.stays(leaked, v1alpha1.ReasonHashRevoked, 0)
	w.stays(old, v1alpha1.ReasonHashTaken, 0)
	w.stays(young, v1alpha1.ReasonHashTaken, 0)
	edit(w, leaked, declaring(someHash(t)))
	w.accepted(leaked)
}

// TestHashUnderAnotherPolicy: of two policies in a namespace one counts, and what the other's tokens declare does not.
func TestHashUnderAnotherPolicy(t *testing.T) {
	w := newWorld(t, allowsHashes)
	second := testPolicy(w.policy.Namespace, w.namespace)
	second.Name = "younger"
	allowsHashes(second)
	w.create(second)
	credential := ownerCredential(second.Namespace, "svc-ci")
	credential.Name, credential.Labels[v1alpha1.LabelPolicy] = "of-younger", second.Name
	w.create(credential)
	hash := someHash(t)
	theirs := w.token("theirs", declaring(hash), func(t *v1alpha1.ApiToken) { t.Spec.PolicyRef.Name = second.Name })
	w.stays(theirs, v1alpha1.ReasonPolicyNotReady, 0)
	ours := w.tokenAfter(theirs, "ours", declaring(hash))
	w.accepted(ours)
	must(t, plane.Client.Delete(t.Context(), w.policy))
	w.accepted(theirs)
	w.waits(ours, v1alpha1.ReasonPolicyNotFound)
}

// TestTwoCredentialsOfOneHash: a manager whose cache was far behind makes one although the hash is another's. The one
// that was there stays, and is written again when the other is gone, so that each gateway has it, too.
func TestTwoCredentialsOfOneHash(t *testing.T) {
	for _, lateIsOlder := range []bool{false, true} {
		t.Run(fmt.Sprintf("late is older: %t", lateIsOlder), func(t *testing.T) {
			w := newWorld(t, allowsHashes)
			hash := someHash(t)
			first := w.token("a", declaring(hash))
			late := w.tokenAfter(first, "b", declaring(someHash(t)), forAlice)
			if lateIsOlder {
				edit(w, first, declaring(someHash(t)))
				edit(w, late, declaring(hash))
				first, late = late, first
			}
			w.accepted(first)
			edit(w, late, declaring(hash))
			before := w.slots(first)[0]
			copied := *before.credential
			copied.Token, copied.State = grant.TokenReference{Namespace: late.Namespace, Name: late.Name, UID: late.UID}, grant.Blocked
			must(t, w.manager.createSlot(t.Context(), late, &slot{credential: &copied}))
			w.waits(first, v1alpha1.ReasonHashPending)
			w.stays(late, v1alpha1.ReasonHashTaken, 0)
			w.accepted(first)
			if after := w.slots(first)[0]; after.secret.UID != before.secret.UID || after.secret.ResourceVersion == before.secret.ResourceVersion {
				t.Errorf("credential %+v", after.secret.ObjectMeta)
			}
		})
	}
}

// TestOneHashDeclaredAtOnce: several managers make a credential for each of several ApiTokens at the very same moment.
// Whatever comes after, never are two in force, and in the end the oldest has it.
func TestOneHashDeclaredAtOnce(t *testing.T) {
	const count = 6
	w := newWorld(t, allowsHashes)
	hash := someHash(t)
	var created sync.WaitGroup
	created.Add(count)
	var creations atomic.Int32
	behind := func(c client.Client) client.Client {
		return interceptor.NewClient(watchable{c}, interceptor.Funcs{
			List: func(ctx context.Context, c client.WithWatch, list client.ObjectList, opts ...client.ListOption) error {
				if _, tokens := list.(*v1alpha1.ApiTokenList); tokens && creations.Load() < count {
					return nil // the cache has none of the others yet
				}
				return c.List(ctx, list, opts...)
			},
			Create: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.CreateOption) error {
				if creations.Add(1) <= count {
					created.Done()
					created.Wait()
				}
				return c.Create(ctx, o, opts...)
			},
			Update: func(ctx context.Context, c client.WithWatch, o client.Object, opts ...client.UpdateOption) error {
				err := c.Update(ctx, o, opts...)
				if names := w.inForce(hash); len(names) > 1 {
					t.Errorf("in force for %v", names)
				}
				return err
			},
		})
	}
	managers := []*manager{w.startManager(behind), w.startManager(behind)}
	var tokens []*v1alpha1.ApiToken
	for i := range count {
		tokens = append(tokens, w.token(fmt.Sprintf("t%d", i), declaring(hash)))
	}
	oldest := slices.MinFunc(tokens, policy.ByAge)
	all := func(again func() bool) {
		var running sync.WaitGroup
		for i, tok := range tokens {
			running.Go(func() {
				for more := true; more; more = again() {
					_, _ = managers[i%2].Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(tok)})
				}
			})
		}
		running.Wait()
	}
	all(func() bool { return creations.Load() < count }) // each makes its credential
	w.eventually("the oldest has the hash, and nobody else a credential", func() bool {
		all(func() bool { return false })
		managers[0], managers[1] = managers[1], managers[0]
		n := 0
		for _, tok := range tokens {
			n += len(w.slots(tok))
		}
		return n == 1 && w.reason(oldest) == v1alpha1.ReasonIssued && w.hasOnly(oldest)
	})
}

// TestKilledAndThenDeleted kills the manager at each write of accepting a hash, and deletes the hash Secret then. If the
// token worked by then, it does not come back; if it never did, it may.
func TestKilledAndThenDeleted(t *testing.T) {
	ended := 0
	for n, reached := 0, true; reached; n++ {
		for _, afterwards := range []bool{false, true} {
			t.Run(fmt.Sprintf("write %d, afterwards %t", n, afterwards), func(t *testing.T) {
				w := newWorld(t, allowsHashes)
				hash := someHash(t)
				tok := w.token("ci", declaring(hash))
				reached = false
				victim := w.startManager(killAt(n, afterwards, &reached))
				w.eventually("killed or done", func() bool {
					_, err := victim.Reconcile(t.Context(), ctrl.Request{NamespacedName: client.ObjectKeyFromObject(tok)})
					if err != nil && !errors.Is(err, errKilled) {
						t.Fatal(err)
					}
					return reached || (w.reason(tok) == v1alpha1.ReasonIssued && w.hasOnly(tok))
				})
				worked := len(w.inForce(hash)) > 0
				for _, s := range w.slots(tok) {
					must(t, plane.Client.Delete(t.Context(), s.secret))
				}
				w.manager = w.startManager(nil)
				if worked {
					ended++
					w.stays(tok, v1alpha1.ReasonHashRevoked, 0)
					return
				}
				w.reconcileUntil(tok, "it is decided", func() bool {
					reason := w.reason(tok)
					return reason == v1alpha1.ReasonHashRevoked || (reason == v1alpha1.ReasonIssued && w.hasOnly(tok))
				})
			})
		}
	}
	if ended == 0 {
		t.Error("no token ever worked")
	}
}

// TestHashWakes: what may free a hash wakes the others that declare it.
func TestHashWakes(t *testing.T) {
	w := newWorld(t, allowsHashes)
	hash := someHash(t)
	first := w.token("first", declaring(hash))
	w.accepted(first)
	second := w.tokenAfter(first, "second", declaring(hash))
	third := w.token("third")
	w.stays(second, v1alpha1.ReasonHashTaken, 0)

	woken := func(h handler.EventHandler, e event.UpdateEvent) []string {
		queue := workqueue.NewTypedRateLimitingQueue(workqueue.DefaultTypedControllerRateLimiter[reconcile.Request]())
		defer queue.ShutDown()
		h.Update(t.Context(), e, queue)
		var names []string
		for queue.Len() > 0 {
			request, _ := queue.Get()
			names = append(names, request.Name)
			queue.Done(request)
		}
		slices.Sort(names)
		return names
	}
	secret := w.slots(first)[0].secret
	if got := woken(w.manager.wakeByHash(), event.UpdateEvent{ObjectOld: secret, ObjectNew: secret}); !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("the credential wakes %v", got)
	}
	without := first.DeepCopy()
	without.Spec.TokenHash, without.Generation = "", first.Generation+1
	change := event.UpdateEvent{ObjectOld: first, ObjectNew: without}
	if got := woken(w.manager.wakeByDeclaredHash(), change); !hashDeclared().Update(change) || !slices.Equal(got, []string{"first", "second"}) {
		t.Errorf("declaring another hash wakes %v", got)
	}
	if hashDeclared().Update(event.UpdateEvent{ObjectOld: third, ObjectNew: third.DeepCopy()}) {
		t.Error("what declares no hash wakes somebody")
	}
	if held := hashHeld(); held.Create(event.CreateEvent{Object: secret, IsInInitialList: true}) || !held.Create(event.CreateEvent{Object: secret}) ||
		!held.Delete(event.DeleteEvent{Object: secret}) || held.Update(event.UpdateEvent{ObjectOld: secret, ObjectNew: secret}) {
		t.Error("a start or any change wakes, or a credential that comes or goes does not")
	}
	stripped := first.DeepCopy()
	stripped.Annotations = nil
	if !declarationChanged().Update(event.UpdateEvent{ObjectOld: first, ObjectNew: stripped}) {
		t.Error("taking the annotation off goes unnoticed")
	}
}
