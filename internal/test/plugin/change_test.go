// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

func newChanger(t *testing.T, namespace string) *person {
	t.Helper()
	alice := newPerson(t, "alice")
	for _, verb := range []string{"get", "list", "patch"} {
		alice.may(t, verb, "jiratokens.io", "apitokens", namespace)
	}
	return alice
}

func TestSuspendAndResume(t *testing.T) {
	p, namespace := newPolicy(t), plane.Namespace(t)
	alice := newChanger(t, namespace)
	object := newToken(t, p, namespace, "zapier", func(o *v1alpha1.ApiToken) {
		o.Annotations = map[string]string{"argocd.argoproj.io/tracking-id": "tokens:jiratokens.io/ApiToken:marketing/zapier"}
	})
	report(t, object, metav1.ConditionTrue, metav1.ConditionTrue, v1alpha1.ReasonIssued, withCredential("0123456789ab"))
	wait := onceThere(t, client.ObjectKeyFromObject(object), func(o *v1alpha1.ApiToken) bool { return o.Spec.Suspend }, func(o *v1alpha1.ApiToken) {
		report(t, o, metav1.ConditionFalse, metav1.ConditionTrue, v1alpha1.ReasonSuspended)
	})
	alice.runs(t, "suspend", "zapier", "-n", namespace, "--wait").expect(t, 0, "zapier suspended\n",
		"Warning: Argo CD's application tokens declares ApiToken "+namespace+"/zapier: if spec.suspend is declared there")
	wait()
	alice.runs(t, "resume", "zapier", "-n", namespace, "--dry-run=server").expect(t, 0, "resumed (server dry run)")
	must(t, read(t, object))
	if !object.Spec.Suspend {
		t.Fatal("a dry run resumed it")
	}
	alice.runs(t, "resume", "zapier", "-n", namespace).expect(t, 0, "zapier resumed\n")
	must(t, read(t, object))
	if object.Spec.Suspend {
		t.Error("it is still suspended")
	}

	newToken(t, p, namespace, "other", func(o *v1alpha1.ApiToken) { o.Spec.Owner = "eve" })
	alice.runs(t, "suspend", "-n", namespace, "--owner", "EVE").expect(t, 2, "--yes is needed")
	alice.runs(t, "suspend", "-n", namespace, "--owner", "EVE", "--yes").expect(t, 0, "other suspended\n")
	alice.runs(t, "suspend", "-n", namespace).expect(t, 2, "which tokens? Name them, or select them")
	alice.runs(t, "suspend", "other", "-n", namespace, "--owner", "eve").expect(t, 2, "names can't go with")
	alice.runs(t, "suspend", "none", "-n", namespace).expect(t, 5, "not found")
	must(t, read(t, object))
	if object.Spec.Suspend {
		t.Error("another owner's was suspended")
	}
}

// TestRotate: the annotation asks for it, and --wait sees the new credential.
func TestRotate(t *testing.T) {
	p, namespace := newPolicy(t), plane.Namespace(t)
	alice := newChanger(t, namespace)
	object := newToken(t, p, namespace, "zapier")
	report(t, object, metav1.ConditionTrue, metav1.ConditionTrue, v1alpha1.ReasonIssued, withCredential("0123456789ab"))
	asked := func(o *v1alpha1.ApiToken) bool { return o.Annotations[v1alpha1.AnnotationRotateRequestedAt] != "" }
	retires := metav1.NewTime(time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC))
	wait := onceThere(t, client.ObjectKeyFromObject(object), asked, func(o *v1alpha1.ApiToken) {
		report(t, o, metav1.ConditionTrue, metav1.ConditionTrue, v1alpha1.ReasonIssued, withCredential("ba9876543210"), func(s *v1alpha1.ApiTokenStatus) {
			s.Retiring = []v1alpha1.RetiringCredential{{ID: "0123456789ab", RetiresAt: retires}}
		})
	})
	alice.runs(t, "rotate", "zapier", "-n", namespace, "--wait").expect(t, 0, "zapier asked to rotate\n",
		"has credential ba9876543210; 0123456789ab is accepted until 2030-01-01T00:00:00Z")
	wait()
	must(t, read(t, object))
	first := object.Annotations[v1alpha1.AnnotationRotateRequestedAt]
	if _, err := time.Parse(time.RFC3339Nano, first); err != nil {
		t.Error(err)
	}
	alice.runs(t, "rotate", "zapier", "-n", namespace, "--wait=300ms").expect(t, 6, "ApiToken "+namespace+"/zapier has no new credential after 300ms: does the operator run?")
	must(t, read(t, object))
	if object.Annotations[v1alpha1.AnnotationRotateRequestedAt] == first {
		t.Error("a second request is the first one")
	}
	alice.runs(t, "rotate", "--all-in-policy", name(p), "--yes").expect(t, 1, "you may not list apitokens in all namespaces")
	alice.runs(t, "rotate", "-n", namespace, "--policy", name(p)).expect(t, 2, "--yes is needed")
	alice.runs(t, "rotate", "-n", namespace, "--policy", name(p), "--yes", "--dry-run=client").expect(t, 0, "asked to rotate (dry run)")
}

// TestRotateNow: the Secret goes, if it is the token's, and is never read.
func TestRotateNow(t *testing.T) {
	p, namespace := newPolicy(t), plane.Namespace(t)
	alice := newChanger(t, namespace)
	object := newToken(t, p, namespace, "zapier")
	now := []string{"rotate", "zapier", "-n", namespace, "--now", "--yes"}
	alice.runs(t, now...).expect(t, 1, "you may not get secrets in namespace "+namespace)
	alice.may(t, "get", "", "secrets", namespace)
	alice.runs(t, now...).expect(t, 1, "which would hold the token, does not exist")
	secret := &corev1.Secret{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "zapier"}}
	must(t, plane.Client.Create(t.Context(), secret))
	alice.runs(t, now...).expect(t, 1, "was not made for ApiToken "+namespace+"/zapier: it is left alone")
	secret.Labels = map[string]string{v1alpha1.LabelTokenUID: string(object.UID)}
	must(t, plane.Client.Update(t.Context(), secret))
	alice.runs(t, now...).expect(t, 1, "you may not delete secrets")
	alice.may(t, "delete", "", "secrets", namespace)
	alice.runs(t, now[:5]...).expect(t, 2, "--yes is needed")
	alice.runs(t, append(now, "--dry-run=server")...).expect(t, 0, "(server dry run)")
	must(t, read(t, secret))
	alice.runs(t, now...).expect(t, 0, "zapier asked to rotate\n")
	if err := read(t, secret); !apierrors.IsNotFound(err) {
		t.Errorf("the Secret is still there: %v", err)
	}
}

// TestRotateLocal: another token on this machine takes the place of one that was made elsewhere.
func TestRotateLocal(t *testing.T) {
	p, namespace := newPolicy(t), plane.Namespace(t)
	alice := newChanger(t, namespace)
	hash, err := makeToken(t).Hash().MarshalText()
	must(t, err)
	newToken(t, p, namespace, "laptop", func(o *v1alpha1.ApiToken) { o.Spec.TokenHash = v1alpha1.TokenHash(hash) })
	alice.runs(t, "rotate", "laptop", "-n", namespace).expect(t, 1, "which the operator can't make anew", "rotate laptop -n "+namespace+" --local")
	printed := alice.runs(t, "rotate", "laptop", "-n", namespace, "--local")
	printed.expect(t, 0, "laptop given the hash of another token\n")
	parsed, err := token.Parse(strings.TrimSuffix(printed.out, "\n"))
	must(t, err)
	expectHash(t, namespace, "laptop", parsed)
	file := filepath.Join(t.TempDir(), "token")
	alice.runs(t, "rotate", "laptop", "-n", namespace, "--local", "--token-file", file, "--dry-run=client", "-o", "yaml").expect(t, 0, "tokenHash: sha256:")
	must(t, os.Remove(file))
	alice.runs(t, "rotate", "laptop", "-n", namespace, "--local", "--token-file", file, "--dry-run=server").expect(t, 0, file+" was removed again")
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("a worthless token is left: %v", err)
	}
	expectHash(t, namespace, "laptop", parsed)
	newToken(t, p, namespace, "zapier")
	own := []string{"rotate", "zapier", "-n", namespace, "--local"}
	alice.runs(t, own...).expect(t, 2, "--yes is needed")
	alice.runs(t, append(own, "--yes")...).expect(t, 0, "zapier given the hash of another token\n")
}

// TestRotateMany: all are asked before any is waited for, and what has nothing to rotate is left out.
func TestRotateMany(t *testing.T) {
	p, namespace := newPolicy(t), plane.Namespace(t)
	alice := newChanger(t, namespace)
	hash, err := makeToken(t).Hash().MarshalText()
	must(t, err)
	newToken(t, p, namespace, "laptop", func(o *v1alpha1.ApiToken) { o.Spec.TokenHash = v1alpha1.TokenHash(hash) })
	all := []string{"rotate", "-n", namespace, "--policy", name(p), "--yes", "--wait=300ms"}
	alice.runs(t, all...).expect(t, 5, "none of the selected tokens", "Note: ApiToken "+namespace+"/laptop is left out: whoever holds its token")
	report(t, newToken(t, p, namespace, "refused"), metav1.ConditionFalse, metav1.ConditionFalse, v1alpha1.ReasonNotPermitted)
	for _, each := range []string{"a", "b"} {
		report(t, newToken(t, p, namespace, each), metav1.ConditionTrue, metav1.ConditionTrue, v1alpha1.ReasonIssued, withCredential("0123456789ab"))
	}
	r := alice.runs(t, all...)
	r.expect(t, 6, "/refused is left out: it is refused (NotPermitted)", "it failed with all of 2 tokens", namespace+"/a   svc-zapier   live",
		namespace+"/b has no new credential after 300ms: does the operator run?")
	if !strings.HasSuffix(r.out, "/a asked to rotate\napitoken.jiratokens.io/b asked to rotate\n") {
		t.Error(r.out)
	}
}
