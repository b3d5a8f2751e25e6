// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

// manifest is a token as it would be in a file: no status, no times.
func manifest(t *testing.T, token *v1alpha1.ApiToken) map[string]any {
	t.Helper()
	content, err := json.Marshal(token)
	must(t, err)
	var out map[string]any
	must(t, json.Unmarshal(content, &out))
	delete(out, "status")
	metadata := out["metadata"].(map[string]any)
	for _, field := range []string{"creationTimestamp", "resourceVersion", "uid", "generation", "managedFields"} {
		delete(metadata, field)
	}
	return out
}

func kubectlApply(t *testing.T, p *person, token *v1alpha1.ApiToken, flags ...string) (string, error) {
	t.Helper()
	content, err := json.Marshal(manifest(t, token))
	must(t, err)
	file := filepath.Join(t.TempDir(), "token.json")
	must(t, os.WriteFile(file, content, 0o600))
	return kubectl(t, p.config, append([]string{"apply", "-f", file}, flags...)...)
}

// settled waits until the manager has done all that it does to a token whose policy does not exist.
func settled(t *testing.T, token *v1alpha1.ApiToken) {
	t.Helper()
	eventually(t, func() error {
		have := stored(t, token)
		if have.Status.ObservedGeneration != have.Generation {
			return errNotYet
		}
		return nil
	})
}

// ways are how somebody might write an annotation to an object that is stored.
var ways = map[string]func(t *testing.T, p *person, token *v1alpha1.ApiToken, value string) error{
	"update": func(t *testing.T, p *person, token *v1alpha1.ApiToken, value string) error {
		t.Helper()
		changed := stored(t, token)
		annotated(value)(changed)
		return p.Update(t.Context(), changed)
	},
	"merge patch": func(t *testing.T, p *person, token *v1alpha1.ApiToken, value string) error {
		t.Helper()
		return p.Patch(t.Context(), stored(t, token), stampPatch(value))
	},
	"merge patch with a change of the spec": func(t *testing.T, p *person, token *v1alpha1.ApiToken, value string) error {
		t.Helper()
		return p.Patch(t.Context(), stored(t, token), mergePatch(
			`{"spec":{"scopes":["admin"]},"metadata":{"annotations":{"jiratokens.io/requested-by":`+quoted(value)+`}}}`))
	},
	"JSON patch": func(t *testing.T, p *person, token *v1alpha1.ApiToken, value string) error {
		t.Helper()
		return p.Patch(t.Context(), stored(t, token), client.RawPatch(types.JSONPatchType, []byte(
			`[{"op":"add","path":"/metadata/annotations/jiratokens.io~1requested-by","value":`+quoted(value)+`}]`)))
	},
	"server-side apply": func(t *testing.T, p *person, token *v1alpha1.ApiToken, value string) error {
		t.Helper()
		return tryApply(t, p, newToken(token.Namespace, token.Name, annotated(value)), "another-manager", false)
	},
	"forced server-side apply": func(t *testing.T, p *person, token *v1alpha1.ApiToken, value string) error {
		t.Helper()
		return tryApply(t, p, newToken(token.Namespace, token.Name, annotated(value)), "another-manager", true)
	},
	"kubectl apply": func(t *testing.T, p *person, token *v1alpha1.ApiToken, value string) error {
		t.Helper()
		out, err := kubectlApply(t, p, newToken(token.Namespace, token.Name, annotated(value)))
		return outputError(out, err)
	},
	"kubectl annotate": func(t *testing.T, p *person, token *v1alpha1.ApiToken, value string) error {
		t.Helper()
		out, err := kubectl(t, p.config, "annotate", "--overwrite", "apitoken", token.Name, "-n", token.Namespace,
			v1alpha1.AnnotationRequestedBy+"="+value)
		return outputError(out, err)
	},
}

// Nobody gets another one's name onto a token.
func TestForgedStampsAreDenied(t *testing.T) {
	m := start(t, options{})
	namespace, elsewhere := plane.Namespace(t), plane.Namespace(t)
	alice, eve := user(t, namespace, roleEditor, "alice"), user(t, namespace, roleEditor, "eve")
	bind(t, elsewhere, roleEditor, subjectOf("alice"))
	bind(t, elsewhere, roleEditor, subjectOf("eve"))

	token, otherName, otherNamespace := newToken(namespace, "t"), newToken(namespace, "other"), newToken(elsewhere, "t")
	for _, each := range []*v1alpha1.ApiToken{token, otherName, otherNamespace} {
		must(t, alice.Create(t.Context(), each))
	}
	genuine := stampOf(stored(t, token))
	forgeries := map[string]string{
		"made up":                   "alice",
		"cut off":                   genuine[:len(genuine)-4],
		"another key's":             signedByAnotherKey(t, token),
		"huge":                      strings.Repeat("v1.x.", 20_000),
		"another token's":           stampOf(stored(t, otherName)),
		"another namespace's token": stampOf(stored(t, otherNamespace)),
		"of another MAC":            genuine[:strings.LastIndex(genuine, ".")] + stampOf(stored(t, otherName))[strings.LastIndex(genuine, "."):],
	}
	for what, value := range forgeries {
		for way, write := range ways {
			if what == "huge" && strings.HasPrefix(way, "kubectl") {
				continue // longer than an argument may be
			}
			expectForged(t, what+", by "+way, write(t, eve, token, value))
		}
		expectForged(t, what+", at creation", eve.Create(t.Context(), newToken(namespace, "new", annotated(value))))
		expectForged(t, what+", at creation by apply",
			tryApply(t, eve, newToken(namespace, "new", annotated(value)), "eve", true))
	}
	if have := stampOf(stored(t, token)); have != genuine {
		t.Errorf("the stamp became %s", have)
	}
	m.expectRequester(t, token, alice)

	// Alice's own stamp for a token of this name and content gives eve nothing: it becomes hers.
	must(t, alice.Delete(t.Context(), stored(t, token)))
	eventually(t, func() error { return gone(t, token) })
	again := newToken(namespace, "t", annotated(genuine))
	again.Spec.Scopes = []v1alpha1.Scope{v1alpha1.ScopeAdmin}
	expectForged(t, "another content", eve.Create(t.Context(), again))
	again = newToken(namespace, "t", annotated(genuine))
	must(t, eve.Create(t.Context(), again))
	m.expectRequester(t, again, eve)
}

func expectForged(t *testing.T, what string, err error) {
	t.Helper()
	const want = "the annotation jiratokens.io/requested-by is written by the operator alone, and this value is not one that it " +
		"wrote for this object: remove the annotation from the manifest"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%s: have %v", what, err)
	}
}

// signedByAnotherKey has everything right but the key, whose id is a real one.
func signedByAnotherKey(t *testing.T, token *v1alpha1.ApiToken) string {
	t.Helper()
	var secret corev1.Secret
	must(t, plane.Client.Get(t.Context(), types.NamespacedName{Namespace: systemNamespace, Name: "jira-token-operator-stamp-keys"}, &secret))
	for id := range secret.Data {
		secret.Data[id] = []byte(strings.Repeat("k", 32))
	}
	ring, err := stamp.ParseRing(secret.Data)
	must(t, err)
	now := stored(t, token)
	opened, err := ring.Sign(&stamp.Stamp{Requester: requesterNamed("alice"), At: now.CreationTimestamp.Time, Object: stamp.OfToken(now)})
	must(t, err)
	return opened
}

func gone(t *testing.T, object client.Object) error {
	t.Helper()
	err := plane.Client.Get(t.Context(), client.ObjectKeyFromObject(object), object)
	if apierrors.IsNotFound(err) {
		return nil
	}
	return errNotYet
}

// What is created by server-side apply may carry a time of deletion, which the API server takes off only after it has asked
// webhooks: nobody gets past the webhook by it.
func TestTimeOfDeletionGetsNobodyPast(t *testing.T) {
	m := start(t, options{})
	namespace := plane.Namespace(t)
	alice, eve := user(t, namespace, roleEditor, "alice"), user(t, namespace, roleEditor, "eve")
	token := newToken(namespace, "t")
	must(t, alice.Create(t.Context(), token))
	genuine := stampOf(stored(t, token))
	must(t, alice.Delete(t.Context(), stored(t, token)))
	eventually(t, func() error { return gone(t, token) })

	dying := func(edits ...func(*v1alpha1.ApiToken)) *v1alpha1.ApiToken {
		a := newToken(namespace, "t", edits...)
		a.DeletionTimestamp, a.DeletionGracePeriodSeconds = &metav1.Time{Time: time.Now()}, new(int64(0))
		return a
	}
	expectForged(t, "made up", tryApply(t, eve, dying(annotated("alice")), "eve", true))
	must(t, tryApply(t, eve, dying(annotated(genuine)), "eve", true)) // of a token of before: it is replaced
	m.expectRequester(t, token, eve)
	must(t, alice.Delete(t.Context(), stored(t, token)))
	eventually(t, func() error { return gone(t, token) })
	must(t, tryApply(t, eve, dying(), "eve", true))
	m.expectRequester(t, token, eve)
}
