// SPDX-License-Identifier: Apache-2.0

package plugin_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"
	"sigs.k8s.io/yaml"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/token"
)

func createArgs(p *v1alpha1.TokenPolicy, namespace string, more ...string) []string {
	return append([]string{
		"create", "zapier", "-n", namespace, "--policy", name(p), "--owner", "svc-zapier", "--scopes", "read,write:comment",
	}, more...)
}

// TestCreate: one right is enough; what is there stays as it is.
func TestCreate(t *testing.T) {
	p, namespace := newPolicy(t), plane.Namespace(t)
	alice := newPerson(t, "alice")
	args := createArgs(p, namespace, "--lifetime", "720h", "--description", "new leads", "--source-ranges", "203.0.113.0/24",
		"--header", "User-Agent=Zapier*", "--rate-limit", "60/1m", "--concurrent", "4", "--rotation-every", "168h", "--overlap", "24h",
		"--secret-name", "zapier-jira", "--labels", "team=platform")
	alice.runs(t, args...).expect(t, 1, "you may not create apitokens in namespace "+namespace+": ask for that right", "cannot create resource")
	alice.may(t, "create", "jiratokens.io", "apitokens", namespace)

	manifest := alice.runs(t, append(args, "--dry-run=server", "-o", "yaml")...)
	manifest.expect(t, 0, "kind: ApiToken")
	object := &v1alpha1.ApiToken{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: "zapier"}}
	if err := read(t, object); !apierrors.IsNotFound(err) {
		t.Fatalf("a dry run created it: %v", err)
	}
	for _, added := range []string{"uid", "status", "generation", "managedFields"} {
		if strings.Contains(manifest.out, added+":") {
			t.Errorf("a manifest for Git has %s:\n%s", added, manifest.out)
		}
	}
	var declared v1alpha1.ApiToken
	must(t, yaml.UnmarshalStrict([]byte(manifest.out), &declared))

	alice.runs(t, args...).expect(t, 0, "apitoken.jiratokens.io/zapier created\n")
	must(t, read(t, object))
	want := v1alpha1.ApiTokenSpec{
		Owner: "svc-zapier", Description: "new leads", Scopes: []v1alpha1.Scope{"read", "write:comment"}, Lifetime: "720h",
		PolicyRef:    v1alpha1.PolicyReference{Namespace: v1alpha1.NamespaceName(p.Namespace), Name: p.Name},
		SourceRanges: []v1alpha1.CIDR{"203.0.113.0/24"}, Headers: []v1alpha1.HeaderPattern{{Name: "User-Agent", Pattern: "Zapier*"}},
		RateLimit: &v1alpha1.RateLimit{Requests: 60, Period: "1m", Concurrent: new(int32(4))},
		Rotation:  &v1alpha1.Rotation{Every: "168h", Overlap: "24h"}, Secret: &v1alpha1.TokenSecret{Name: "zapier-jira"},
	}
	if !equal(object.Spec, want) || !equal(declared.Spec, want) || object.Labels["team"] != "platform" {
		t.Errorf("have %+v\nmanifest %+v\nwant %+v", object.Spec, declared.Spec, want)
	}
	alice.runs(t, args...).expect(t, 1, "ApiToken "+namespace+"/zapier exists")
	alice.runs(t, createArgs(p, namespace, "--wait")...).expect(t, 1, "exists")
}

// TestCreateWaits: until it works, or says why it won't.
func TestCreateWaits(t *testing.T) {
	p, alice := newPolicy(t), newPerson(t, "alice")
	for _, c := range []struct {
		reason        string
		active, ready metav1.ConditionStatus
		code          int
		says          string
	}{
		{v1alpha1.ReasonIssued, metav1.ConditionTrue, metav1.ConditionTrue, 0, "is active: Secret zapier holds it"},
		{v1alpha1.ReasonNotPermitted, metav1.ConditionFalse, metav1.ConditionFalse, 4, "is refused: NotPermitted: because; change the token, or have"},
		{v1alpha1.ReasonSecretConflict, metav1.ConditionFalse, metav1.ConditionFalse, 4, "SecretConflict: because; choose another spec.secret.name"},
	} {
		namespace := plane.Namespace(t)
		alice.may(t, "create", "jiratokens.io", "apitokens", namespace)
		alice.may(t, "get", "jiratokens.io", "apitokens", namespace)
		wait := onceThere(t, client.ObjectKey{Namespace: namespace, Name: "zapier"}, exists, func(object *v1alpha1.ApiToken) {
			report(t, object, c.active, c.ready, c.reason, func(s *v1alpha1.ApiTokenStatus) { s.Binding = &v1alpha1.SecretBinding{Name: "zapier"} })
		})
		alice.runs(t, createArgs(p, namespace, "--wait")...).expect(t, c.code, c.says)
		wait()
	}
	namespace := plane.Namespace(t)
	alice.may(t, "create", "jiratokens.io", "apitokens", namespace)
	alice.runs(t, createArgs(p, namespace, "--wait")...).expect(t, 1, "created", "you may not get apitokens in namespace "+namespace)
	other := createArgs(p, namespace, "--wait=300ms")
	other[1] = "other"
	alice.may(t, "get", "jiratokens.io", "apitokens", namespace)
	alice.runs(t, other...).expect(t, 6, "the operator has not looked at ApiToken "+namespace+"/other within 300ms: does it run?")
}

// TestCreateLocal: the token is printed once, and the cluster has its hash.
func TestCreateLocal(t *testing.T) {
	p, namespace, alice := newPolicy(t), plane.Namespace(t), newPerson(t, "alice")
	refused := alice.runs(t, createArgs(p, namespace, "--local")...)
	refused.expect(t, 1, "you may not create apitokens", "the token was worthless and is not printed")
	if refused.out != "" || strings.Contains(refused.errOut, token.Prefix) {
		t.Errorf("a worthless token was printed")
	}
	file := filepath.Join(t.TempDir(), "jira.token")
	alice.runs(t, createArgs(p, namespace, "--local", "--token-file", file)...).expect(t, 1, "the token was worthless, and "+file+" is deleted")
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}

	alice.may(t, "create", "jiratokens.io", "apitokens", namespace)
	printed := alice.runs(t, createArgs(p, namespace, "--local")...)
	printed.expect(t, 0, "apitoken.jiratokens.io/zapier created")
	parsed, err := token.Parse(strings.TrimSuffix(printed.out, "\n"))
	must(t, err) // nothing else is on standard output
	expectHash(t, namespace, "zapier", parsed)
	if strings.Contains(printed.errOut, token.Prefix) || strings.Contains(printed.errOut, "sha256") {
		t.Errorf("standard error has the token or its hash")
	}

	args := createArgs(p, namespace, "--local", "--token-file", file)
	args[1] = "laptop"
	alice.runs(t, args...).expect(t, 0, file+" holds the token")
	content, err := os.ReadFile(file)
	must(t, err)
	parsed, err = token.Parse(string(content))
	must(t, err)
	expectHash(t, namespace, "laptop", parsed)
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("others may read it: %v %v", info.Mode(), err)
	}
	args[1] = "another"
	alice.runs(t, args...).expect(t, 2, "--token-file "+file+" exists: a new file is needed")
	if again, err := os.ReadFile(file); err != nil || !bytes.Equal(again, content) {
		t.Error("the file was written over")
	}
}

func expectHash(t *testing.T, namespace, name string, made token.Token) {
	t.Helper()
	object := &v1alpha1.ApiToken{ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name}}
	must(t, read(t, object))
	hash, err := made.Hash().MarshalText()
	must(t, err)
	if string(object.Spec.TokenHash) != string(hash) {
		t.Error("its hash is not that of the token")
	}
}
