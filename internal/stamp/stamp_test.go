// SPDX-License-Identifier: Apache-2.0

package stamp_test

import (
	"crypto/rand"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
	"github.com/jiratokens/jira-token-operator/internal/grant"
	"github.com/jiratokens/jira-token-operator/internal/stamp"
)

var (
	start = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	alice = grant.Requester{User: "oidc:alice@corp.example", UID: "u-1", Groups: []string{"developers", "system:authenticated"}}
)

// ring makes keys of these ages before start.
func ring(tb testing.TB, ages ...time.Duration) (*stamp.Ring, map[string][]byte) {
	tb.Helper()
	data := map[string][]byte{}
	for _, age := range ages {
		id, key, err := stamp.NewKey(rand.Reader, start.Add(-age))
		if err != nil {
			tb.Fatal(err)
		}
		data[id] = key
	}
	return parse(tb, data), data
}

func parse(tb testing.TB, data map[string][]byte) *stamp.Ring {
	tb.Helper()
	r, err := stamp.ParseRing(data)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

func apiToken() *v1alpha1.ApiToken {
	return &v1alpha1.ApiToken{
		ObjectMeta: metav1.ObjectMeta{
			Namespace: "marketing", Name: "zapier", UID: "t-1", CreationTimestamp: metav1.NewTime(start),
			Annotations: map[string]string{},
		},
		Spec: v1alpha1.ApiTokenSpec{
			Owner: "svc-zapier", Scopes: []v1alpha1.Scope{v1alpha1.ScopeRead, v1alpha1.ScopeWrite},
			PolicyRef: v1alpha1.PolicyReference{Name: "jira", Namespace: "jira-gateway"},
		},
	}
}

// sign is what the webhook does; at creation an object has no UID yet.
func sign(tb testing.TB, r *stamp.Ring, o stamp.Object, at time.Time, created bool) string {
	tb.Helper()
	if created {
		o.UID = ""
	}
	s, err := r.Sign(&stamp.Stamp{Requester: alice, At: at, Object: o})
	if err != nil {
		tb.Fatal(err)
	}
	return s
}

func stamped(tb testing.TB, r *stamp.Ring, created bool) *v1alpha1.ApiToken {
	tb.Helper()
	t := apiToken()
	t.Annotations[v1alpha1.AnnotationRequestedBy] = sign(tb, r, stamp.OfToken(t), start, created)
	return t
}

func TestStampsAreBelieved(t *testing.T) {
	r, _ := ring(t, time.Hour)
	for name, token := range map[string]*v1alpha1.ApiToken{
		"at creation": stamped(t, r, true), "on an update": stamped(t, r, false),
	} {
		requester, err := r.VerifyToken(token)
		if err != nil || !reflect.DeepEqual(*requester, alice) {
			t.Errorf("%s: %+v, %v", name, requester, err)
		}
	}
	approval := &v1alpha1.TokenApproval{
		ObjectMeta: metav1.ObjectMeta{Namespace: "jira-gateway", Name: "a", CreationTimestamp: metav1.NewTime(start)},
		Spec:       v1alpha1.TokenApprovalSpec{Decision: v1alpha1.DecisionApprove},
	}
	metav1.SetMetaDataAnnotation(&approval.ObjectMeta, v1alpha1.AnnotationRequestedBy, sign(t, r, stamp.OfApproval(approval), start, true))
	if requester, err := r.VerifyApproval(approval); err != nil || requester.User != alice.User {
		t.Errorf("approval: %+v, %v", requester, err)
	}
	approval.Spec.Decision = v1alpha1.DecisionDeny
	if _, err := r.VerifyApproval(approval); !errors.Is(err, stamp.ErrChanged) {
		t.Errorf("a changed approval: %v", err)
	}
}

// What somebody might do to an object while the webhook is off.
func TestStampsAreNotBelieved(t *testing.T) {
	r, _ := ring(t, time.Hour)
	other, _ := ring(t, time.Hour)
	edit := func(created bool, edit func(*v1alpha1.ApiToken)) *v1alpha1.ApiToken {
		token := stamped(t, r, created)
		edit(token)
		return token
	}
	annotate := func(change func(string) string) *v1alpha1.ApiToken {
		return edit(true, func(a *v1alpha1.ApiToken) {
			a.Annotations[v1alpha1.AnnotationRequestedBy] = change(a.Annotations[v1alpha1.AnnotationRequestedBy])
		})
	}
	for name, c := range map[string]struct {
		token *v1alpha1.ApiToken
		want  error
	}{
		"none":              {apiToken(), stamp.ErrMissing},
		"another ring's":    {stamped(t, other, true), stamp.ErrForged},
		"cut off":           {annotate(func(s string) string { return s[:len(s)-1] }), stamp.ErrForged},
		"longer":            {annotate(func(s string) string { return s + "A" }), stamp.ErrForged},
		"another part":      {annotate(func(s string) string { return s + ".AAAA" }), stamp.ErrForged},
		"without MAC":       {annotate(func(s string) string { return s[:strings.LastIndex(s, ".")+1] }), stamp.ErrForged},
		"of another format": {annotate(func(s string) string { return "v2" + s[2:] }), stamp.ErrForged},
		"unknown key":       {annotate(func(s string) string { return strings.Replace(s, "T11", "T10", 1) }), stamp.ErrForged},
		"another statement": {annotate(func(s string) string { return strings.Replace(s, "alice", "eve", 1) }), stamp.ErrForged},
		"huge":              {annotate(func(string) string { return strings.Repeat("v1.a.", 50_000) }), stamp.ErrForged},
		"JSON":              {annotate(func(string) string { return `{"user":"alice"}` }), stamp.ErrForged},

		"another name":      {edit(true, func(a *v1alpha1.ApiToken) { a.Name = "other" }), stamp.ErrOtherObject},
		"another namespace": {edit(true, func(a *v1alpha1.ApiToken) { a.Namespace = "sales" }), stamp.ErrOtherObject},
		"re-created":        {edit(false, func(a *v1alpha1.ApiToken) { a.UID = "t-2" }), stamp.ErrOtherObject},
		"more scopes": {edit(true, func(a *v1alpha1.ApiToken) {
			a.Spec.Scopes = append(a.Spec.Scopes, v1alpha1.ScopeAdmin)
		}), stamp.ErrChanged},
		"captured before": {edit(true, func(a *v1alpha1.ApiToken) {
			a.CreationTimestamp = metav1.NewTime(start.Add(61 * time.Second))
		}), stamp.ErrTime},
		"captured after": {edit(true, func(a *v1alpha1.ApiToken) {
			a.CreationTimestamp = metav1.NewTime(start.Add(-61 * time.Second))
		}), stamp.ErrTime},
	} {
		if requester, err := r.VerifyToken(c.token); !errors.Is(err, c.want) || requester != nil {
			t.Errorf("%s: want %v, have %v for %+v", name, c.want, err, requester)
		}
	}
	if _, err := (*stamp.Ring)(nil).VerifyToken(stamped(t, r, true)); !errors.Is(err, stamp.ErrForged) {
		t.Errorf("without keys: %v", err)
	}
}

// An approval's stamp on a token of the same name, namespace and digest does not exist; the kind is bound all the same.
func TestStampsBindTheKind(t *testing.T) {
	r, _ := ring(t, time.Hour)
	token := apiToken()
	o := stamp.OfToken(token)
	o.Kind = stamp.KindApproval
	token.Annotations[v1alpha1.AnnotationRequestedBy] = sign(t, r, o, start, true)
	if _, err := r.VerifyToken(token); !errors.Is(err, stamp.ErrOtherObject) {
		t.Errorf("have %v", err)
	}
}

func TestMutableStatesKeepTheStamp(t *testing.T) {
	r, _ := ring(t, time.Hour)
	token := stamped(t, r, true)
	token.Spec.Suspend = true
	token.Spec.Owner = "SVC-Zapier"
	token.Spec.Scopes = []v1alpha1.Scope{v1alpha1.ScopeWrite, v1alpha1.ScopeRead}
	token.Labels = map[string]string{"a": "b"}
	if _, err := r.VerifyToken(token); err != nil {
		t.Error(err)
	}
}

func FuzzOpen(f *testing.F) {
	r, _ := ring(f, time.Hour)
	good := stamped(f, r, true).Annotations[v1alpha1.AnnotationRequestedBy]
	for _, seed := range []string{good, good[:len(good)/2], "v1.a.{}.AAAA", "....", ""} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, annotation string) {
		if s, err := r.Open(annotation); (err == nil) != (annotation == good) || (s == nil) != (err != nil) {
			t.Errorf("%q: %+v, %v", annotation, s, err)
		}
	})
}
