// SPDX-License-Identifier: Apache-2.0

package admission_test

import (
	"strings"
	"testing"

	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"sigs.k8s.io/controller-runtime/pkg/client"

	"github.com/jiratokens/jira-token-operator/api/v1alpha1"
)

const someDigest = v1alpha1.GrantDigest("sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef")

func newApproval(namespace, name string, token *v1alpha1.ApiToken, edits ...func(*v1alpha1.TokenApproval)) *v1alpha1.TokenApproval {
	approval := &v1alpha1.TokenApproval{
		ObjectMeta: metav1.ObjectMeta{Namespace: namespace, Name: name},
		Spec: v1alpha1.TokenApprovalSpec{
			APIToken: v1alpha1.ApprovedToken{
				Namespace: v1alpha1.NamespaceName(token.Namespace), Name: token.Name, UID: string(token.UID),
			},
			GrantDigest: someDigest, Decision: v1alpha1.DecisionApprove,
		},
	}
	for _, edit := range edits {
		edit(approval)
	}
	return approval
}

func TestApprovals(t *testing.T) {
	m := start(t, options{})
	namespace, policy := plane.Namespace(t), plane.Namespace(t)
	alice, carol := user(t, namespace, roleEditor, "alice"), user(t, policy, roleApprover, "carol")
	bind(t, policy, roleApprover, subjectOf("alice"))
	token := newToken(namespace, "t", func(a *v1alpha1.ApiToken) { a.Spec.PolicyRef.Namespace = v1alpha1.NamespaceName(policy) })
	must(t, alice.Create(t.Context(), token))
	token = stored(t, token)
	eventually(t, func() error { // the manager's cache has the token
		carol.takeWarnings()
		must(t, carol.Create(t.Context(), newApproval(policy, "trial", token), client.DryRunAll))
		if said := strings.Join(carol.takeWarnings(), " "); !strings.HasPrefix(said, "The ApiToken "+namespace+"/t has another grant") {
			return errNotYet
		}
		return nil
	})

	err := alice.Create(t.Context(), newApproval(policy, "own", token))
	if want := "alice declared the ApiToken " + namespace + "/t: somebody else has to approve it"; !apierrors.IsForbidden(err) || !strings.Contains(err.Error(), want) {
		t.Errorf("whoever declared the token may approve it: %v", err)
	}
	must(t, alice.Create(t.Context(), newApproval(policy, "against", token, func(a *v1alpha1.TokenApproval) { a.Spec.Decision = v1alpha1.DecisionDeny })))

	carol.takeWarnings()
	bind(t, namespace, roleApprover, subjectOf("carol"))
	must(t, carol.Create(t.Context(), newApproval(namespace, "misplaced", token), client.DryRunAll))
	if said := strings.Join(carol.takeWarnings(), " "); !strings.Contains(said, "is in namespace "+policy+": create the TokenApproval there") {
		t.Errorf("an approval in the token's namespace: %q", said)
	}

	approval := newApproval(policy, "", token, func(a *v1alpha1.TokenApproval) { a.GenerateName = "a-" })
	must(t, carol.Create(t.Context(), approval))
	m.expectApprover(t, approval, "carol")

	for want, a := range map[string]*v1alpha1.TokenApproval{
		"There is no ApiToken nowhere/t": newApproval(policy, "", token, func(a *v1alpha1.TokenApproval) { a.Spec.APIToken.Namespace = "nowhere" }),
		"it was created again":           newApproval(policy, "", token, func(a *v1alpha1.TokenApproval) { a.Spec.APIToken.UID = "another" }),
	} {
		a.GenerateName = "a-"
		must(t, carol.Create(t.Context(), a))
		if said := strings.Join(carol.takeWarnings(), " "); !strings.Contains(said, want) {
			t.Errorf("want %q, have %q", want, said)
		}
	}

	genuine := approval.Annotations[v1alpha1.AnnotationRequestedBy]
	forged := func(value string) func(*v1alpha1.TokenApproval) {
		return func(a *v1alpha1.TokenApproval) {
			metav1.SetMetaDataAnnotation(&a.ObjectMeta, v1alpha1.AnnotationRequestedBy, value)
		}
	}
	expectForged(t, "made up", carol.Create(t.Context(), newApproval(policy, "b", token, forged("alice"))))
	expectForged(t, "a token's", carol.Create(t.Context(), newApproval(policy, "b", token, forged(stampOf(token)))))
	expectForged(t, "another approval's", carol.Create(t.Context(), newApproval(policy, "b", token, forged(genuine))))
	// An approver has no right to update: what if somebody has?
	changed := approval.DeepCopy()
	forged("x")(changed)
	expectForged(t, "on an update", plane.Client.Update(t.Context(), changed))
	delete(changed.Annotations, v1alpha1.AnnotationRequestedBy)
	must(t, plane.Client.Update(t.Context(), changed))
	m.expectApprover(t, changed, "carol")
	if err := carol.Update(t.Context(), changed); !apierrors.IsForbidden(err) {
		t.Errorf("an approver may change approvals: %v", err)
	}
	changed.Spec.Decision = v1alpha1.DecisionDeny
	if err := plane.Client.Update(t.Context(), changed); !apierrors.IsInvalid(err) {
		t.Errorf("an approval can be changed: %v", err)
	}
}

func (m *manager) expectApprover(t *testing.T, approval *v1alpha1.TokenApproval, want string) {
	t.Helper()
	var have v1alpha1.TokenApproval
	must(t, plane.Client.Get(t.Context(), client.ObjectKeyFromObject(approval), &have))
	ring, err := m.admission.Keys().Ring(t.Context())
	must(t, err)
	if r, err := ring.VerifyApproval(&have); err != nil || r.User != want {
		t.Errorf("approved by %+v (%v), not by %s", r, err, want)
	}
}
